/** Runs in the virtual machine: what the driver reports of itself, and how programs that meet each limit end. */
import type { Limits } from '@soulbox/plugin-sdk';
import { LinuxDriver, SettingsSchema } from '@soulbox/plugin-sandbox-linux/driver';

const mebibyte = 1024 * 1024;
const { signal } = new AbortController();

/** Emulation is slow: no limit on time but where it is meant. */
const usual: Limits = {
  wallMs: 120_000,
  cpuMs: 120_000,
  memoryBytes: 64 * mebibyte,
  outputBytes: mebibyte,
  processes: 48,
  diskBytes: 16 * mebibyte,
};
const programs: Readonly<Record<string, { script: string; limits?: Partial<Limits> }>> = {
  ok: { script: 'cat /proc/self/cgroup' },
  memoryBomb: { script: 'head -c 200000000 /dev/zero | tail' },
  // Each stays below the limit, and none ends by itself.
  memoryOfMany: {
    script: 'for i in 1 2 3 4 5 6; do head -c 20000000 /dev/zero | tail | sleep 600 & done; sleep 600',
  },
  forkBomb: { script: 'while :; do sleep 600 & done' },
  processorHog: { script: '(while :; do :; done) & while :; do :; done', limits: { cpuMs: 700 } },
  diskFill: { script: 'head -c 50000000 /dev/zero > /tmp/x' },
};

const settings = SettingsSchema.parse({ createTimeoutMs: 120_000, graceMs: 60_000, uidBlocks: 16 });
const driver = new LinuxDriver({ deploymentId: 'guest', settings });
try {
  const report = await driver.probe({ signal });
  console.log(`RESULT ${JSON.stringify({ report })}`);
  if (report.available) {
    const { id } = await driver.create({ paths: [], labels: {} }, { signal });
    for (const [name, { script, limits }] of Object.entries(programs)) {
      const stages = [{ name: 'run', argv: ['/bin/sh', '-c', script], env: {}, stdin: false }];
      const spec = { id: name, files: [], stages, limits: { ...usual, ...limits } };
      let stdout = '';
      for await (const event of driver.run(id, spec, { signal })) {
        if (event.type === 'stdout') stdout += Buffer.from(event.data).toString('latin1');
        if (event.type !== 'end') continue;
        const { verdict, stages: ended } = event.outcome;
        const { limit, usage } = ended[0]!;
        console.log(`RESULT ${JSON.stringify({ [name]: { verdict, limit, usage, stdout: stdout.slice(0, 200) } })}`);
      }
    }
  }
} finally {
  await driver.dispose();
}
