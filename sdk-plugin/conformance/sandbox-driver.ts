import { after, before, describe } from 'node:test';
import type { SandboxDriver } from '@soulbox/plugin-sdk';
import { describeInputs } from './sandbox-driver/inputs.ts';
import { describeLifecycle } from './sandbox-driver/lifecycle.ts';
import { describeLimits } from './sandbox-driver/limits.ts';
import { describeLive } from './sandbox-driver/live.ts';
import { describeStats } from './sandbox-driver/stats.ts';
import { describeStreams } from './sandbox-driver/streams.ts';
import { describeVerdicts } from './sandbox-driver/verdicts.ts';
import { Subject } from './sandbox-driver/subject.ts';

/** What the suite needs to try out a driver. */
export interface SandboxDriverKit {
  /** Makes the driver under test; `dispose` must take away everything that it made. */
  create(): Promise<{ readonly driver: SandboxDriver; dispose(): Promise<void> }>;
  /** The absolute path of a POSIX shell inside the driver's boxes. */
  readonly shell: string;
  /** Host paths that boxes need for the shell to run, where the driver does not bring it itself. */
  readonly paths?: readonly string[];
}

/**
 * Registers node:test tests for the whole contract of a SandboxDriver. Where the driver's own report says that a limit
 * is held by nothing, the tests of that limit are skipped with that reason; a driver that is not available fails.
 */
export function sandboxDriverSuite(name: string, kit: SandboxDriverKit): void {
  describe(`SandboxDriver ${name}`, () => {
    const subject = new Subject(kit.shell, kit.paths ?? []);
    let dispose: (() => Promise<void>) | undefined;

    before(async () => {
      const made = await kit.create();
      dispose = made.dispose.bind(made);
      await subject.use(made.driver);
    });
    after(async () => {
      await subject.release();
      await dispose?.();
    });

    describeLifecycle(subject);
    describeVerdicts(subject);
    describeInputs(subject);
    describeStreams(subject);
    describeLimits(subject);
    describeStats(subject);
    describeLive(subject);
  });
}
