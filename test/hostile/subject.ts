import { randomBytes } from 'node:crypto';
import type { SandboxDriver, SandboxSpec } from '@soulbox/plugin-sdk';
import { DockerDriver, SettingsSchema as DockerSettings } from '@soulbox/plugin-sandbox-docker/driver';
import { LinuxDriver, SettingsSchema as LinuxSettings } from '@soulbox/plugin-sandbox-linux/driver';
import { DockerEngine } from '../support/docker/engine.ts';
import { leftovers, mounts } from '../support/leftovers.ts';
import type { Toolchains } from '../support/toolchains.ts';

/** A driver that hostile programs are tried on. */
export interface Subject {
  readonly driver: SandboxDriver;
  readonly spec: SandboxSpec;
  /** Everything on this machine that the driver's boxes are known by, one line each. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}
export type MakeSubject = (toolchains: Toolchains) => Promise<Subject>;

/** One above another run's, should several of these suites run on one machine at one time. */
const uidBase = 1_000_000_000 + (process.pid % 1000) * 100_000;
const uidCount = 1024;
const uidBlocks = 16;

const newDeployment = (): string => `hostile${randomBytes(6).toString('hex')}`;

export const linuxSubject: MakeSubject = async ({ paths }) => {
  const deploymentId = newDeployment();
  const driver = new LinuxDriver({ deploymentId, settings: LinuxSettings.parse({ uidBase, uidCount, uidBlocks }) });
  return {
    driver,
    spec: { paths, labels: {} },
    leftovers: () => leftovers({ deploymentId, uids: { from: uidBase, to: uidBase + uidCount * uidBlocks } }),
    close: () => driver.dispose(),
  };
};

/** An engine of its own, with an image of this machine's toolchains. */
export const dockerSubject: MakeSubject = async ({ paths }) => {
  const image = 'soulbox/hostile';
  const engine = await DockerEngine.start(image, paths);
  const deploymentId = newDeployment();
  const settings = DockerSettings.parse({
    host: engine.host,
    image,
    uidBase,
    uidCount: uidBlocks,
    boxes: 'inner',
  });
  const driver = new DockerDriver({ deploymentId, settings });
  return {
    driver,
    spec: { paths: [], labels: {} },
    leftovers: async () => {
      const containers = await engine.containers();
      const uids = { from: uidBase, to: uidBase + uidBlocks };
      const mounted = (await mounts()).filter((line) => line.includes(engine.folder) && line.includes(' - overlay '));
      return [...containers.map((id) => `container ${id}`), ...mounted, ...(await leftovers({ deploymentId, uids }))];
    },
    close: async () => {
      await driver.dispose();
      await engine.stop();
    },
  };
};
