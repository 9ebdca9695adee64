import { SandboxDriver } from '@soulbox/plugin-sdk';
import { bothWays, sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';

bothWays(new URL('../..', import.meta.url), (way) => {
  sandboxDriverSuite('linux', {
    shell: '/bin/sh',
    create: () => {
      const uidBase = way.isolation === 'inline' ? 1_500_000_000 : 1_500_200_000;
      return way.start({ driver: SandboxDriver }, { settings: { uidBase, uidBlocks: 64 } });
    },
  });
});
