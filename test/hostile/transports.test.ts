import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { deploymentCgroups, deploymentIdOf, untilNone } from '../faults/traces.ts';
import { languageImage, startEngine, startHostOn } from '../support/docker/host.ts';
import { noEngine, type DockerEngine } from '../support/docker/engine.ts';
import { hostMounts } from '../support/leftovers.ts';
import type { RunningHost } from '../support/running-host.ts';
import { makeHome, root, type Home } from '../support/soulbox.ts';
import { findToolchains } from '../support/toolchains.ts';
import { machineLanguages } from '../support/machine-languages.ts';
import { hostilePrograms, usualLimits, type HostileProgram } from './manifest.ts';
import { overCommandLine, overWebSocket, type Transport } from './transports.ts';
import { kernelState, startWatch, type Watch } from './watch.ts';

const programs = join(root, 'test/hostile/programs');
const atOnce = 5;
/** The limit of those that the command line runs, which cannot ask for another. */
const fewProcesses = 32;
/** By program, then by driver and transport. */
const verdicts = new Map<string, Map<string, string>>();

const decode = ({ encoding, ...result }: ExecutionResult, stream: 'stdout' | 'stderr'): string =>
  Buffer.from(result[stream], encoding[stream]).toString('latin1');

/** Runs every hostile program through a host on this driver, over each transport. */
function transportsSuite(driver: 'linux' | 'docker'): void {
  let engine: DockerEngine | undefined;
  let home: Home;
  let host: RunningHost;
  let client: RemoteClient;
  let watch: Watch;
  let earlier: { readonly mounts: string[]; readonly kernel: string[] };
  const transports: Record<string, Transport> = {};

  const judge = async (name: string, program: HostileProgram): Promise<void> => {
    const result = await transports[name]!(program, watch.targets);
    const stdout = decode(result, 'stdout');
    const shown = stdout + decode(result, 'stderr');
    const context = `${program.file}: ${result.verdict} ${result.exitCode} ${result.signal}\n${shown.slice(-2000)}`;
    assert.equal(result.sandbox?.driver, driver, context);
    assert.ok(!shown.includes('BREACH') && !shown.includes(watch.secret), context);
    assert.ok(program.verdicts.includes(result.verdict as never), context);
    if (program.exitCode !== undefined) assert.equal(result.exitCode, program.exitCode, context);
    const isPlain = program.verdicts.length === 1 && program.verdicts[0] === 'ok';
    const says = program.says ?? (isPlain ? /done\n$/ : undefined);
    if (says) assert.match(stdout, says, context);
    const known = verdicts.get(program.file) ?? new Map<string, string>();
    verdicts.set(program.file, known.set(`${driver}, ${name}`, result.verdict!));
    if (program.next) await judge(name, program.next);
  };

  before(async () => {
    watch = await startWatch();
    if (driver === 'docker') engine = await startEngine();
    earlier = { mounts: await hostMounts(), kernel: await kernelState() };
    home = await makeHome();
    const { commands, paths } = await findToolchains();
    const [node] = commands['.js']!;
    const languages = await machineLanguages(join(home.folder, 'languages'), languageImage, {
      shell: { ending: '.sh', executable: '/bin/sh', paths: [], canary: 'echo 42' },
      // An older one than the plugin's image has.
      node: { ending: '.js', executable: node!, paths: [...paths], canary: 'console.log(42)' },
    });
    const { cpuMs, diskBytes } = usualLimits;
    host = await startHostOn({
      home,
      ...(engine ? { engine } : {}),
      yaml: `sandbox: { driver: ${driver} }
executions: { limits: { cpuMs: ${cpuMs}, diskBytes: ${diskBytes}, processes: ${fewProcesses} } }`,
      plugins: `  ${languages}`,
    });
    client = await connect({ url: host.url, key: host.key! });
    transports['WebSocket'] = overWebSocket(client, programs);
    transports['command line'] = overCommandLine(host, host.key!, programs);
  });
  after(async () => {
    await client?.close();
    await host?.end('SIGTERM');
    await home?.[Symbol.asyncDispose]();
    await engine?.stop();
    await watch?.close();
  });

  for (const name of ['WebSocket', 'command line'])
    describe(`over ${name}`, { concurrency: atOnce }, () => {
      for (const program of hostilePrograms) it(program.file, () => judge(name, program));
    });

  it('nobody reached the host', async () => {
    assert.equal(watch.contacts(), 0);
    assert.deepEqual(await kernelState(), earlier.kernel);
  });

  it('nothing is left when the host stops', async () => {
    await client.close();
    assert.equal(await host.end('SIGTERM'), 0, host.output());
    const id = await deploymentIdOf(home);
    assert.deepEqual(await untilNone(() => deploymentCgroups(id)), []);
    assert.deepEqual(await engine?.containers(), engine && []);
    assert.deepEqual(await hostMounts(), earlier.mounts);
  });
}

describe('hostile programs through a host with sandboxes of Linux', () => transportsSuite('linux'));
describe('hostile programs through a host with sandboxes of Docker', { skip: noEngine }, () =>
  transportsSuite('docker'),
);

it('each program ended alike everywhere, where only one verdict is right', (t) => {
  const differing = [...verdicts].filter(([, ends]) => new Set(ends.values()).size > 1);
  for (const [file, ends] of differing) t.diagnostic(`${file}: ${[...ends].map((end) => end.join(' ')).join('; ')}`);
  t.diagnostic(`${verdicts.size} programs, ${verdicts.size - differing.length} of them with one verdict everywhere`);
  const many = hostilePrograms.filter((program) => program.verdicts.length > 1).map(({ file }) => file);
  assert.deepEqual(
    differing.map(([file]) => file).filter((file) => !many.includes(file)),
    [],
  );
  assert.ok(verdicts.size > hostilePrograms.length);
});
