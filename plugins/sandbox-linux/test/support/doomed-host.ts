import { LinuxDriver, SettingsSchema } from '../../src/driver.ts';

/** A host that has two boxes at work, says so, and waits to be killed. */
const [deploymentId, uidBase] = process.argv.slice(2) as [string, string];
const settings = SettingsSchema.parse({ uidBase: Number(uidBase), uidBlocks: 4 });
const driver = new LinuxDriver({ deploymentId, settings });
const { signal } = new AbortController();

async function work(): Promise<void> {
  const { id } = await driver.create({ paths: [], labels: {} }, { signal });
  const stages = [
    {
      name: 'run',
      argv: ['/bin/sh', '-c', '(trap "" TERM HUP; while :; do :; done) & echo up; while :; do :; done'],
      env: {},
      stdin: false,
    },
  ];
  const limits = {
    wallMs: 600_000,
    cpuMs: 600_000,
    memoryBytes: 64e6,
    outputBytes: 1e6,
    processes: 8,
    diskBytes: 1e6,
  };
  for await (const event of driver.run(id, { id: 'doomed', files: [], stages, limits }, { signal }))
    if (event.type === 'stdout') process.stdout.write(event.data);
}
await Promise.all([work(), work()]);
