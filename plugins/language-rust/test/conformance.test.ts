import { after } from 'node:test';
import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { programs } from './programs.ts';

bothWays(new URL('../..', import.meta.url), (way) => {
  const start = () => way.start({ runtime: LanguageRuntime });
  let started: ReturnType<typeof start> | undefined;
  after(async () => (await started)?.dispose());
  languageRuntimeSuite({
    // One for all tests, which then spend their time on compiling alone.
    create: async () => {
      started ??= start();
      return { runtime: (await started).runtime, dispose: async () => undefined };
    },
    run: runPlanUnsandboxed,
    programs,
  });
});
