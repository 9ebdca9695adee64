import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coreGroups } from '../../src/operations/own-operations.ts';
import { makeHome, serveWire, soulbox, type Home } from '../support/cli-home.ts';
import { scriptedHost } from '../support/scripted-host.ts';

const sdk = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk'));

/** A plugin whose commands do what their first argument says. */
const command = `import { parseArguments, SoulboxError, UsageError } from ${sdk};
globalThis.soulboxTestLoads = (globalThis.soulboxTestLoads ?? 0) + 1;
export default {
  usage: 'soulbox shout WHAT [--loud]',
  async run(args, { terminal, json, connect }) {
    const { values, positionals: [what, ...others] } = parseArguments(args, { loud: { type: 'boolean' } });
    if (what === 'mistake') throw new UsageError('what?');
    if (what === 'refuse') throw new SoulboxError('overloaded', 'come back later');
    if (what === 'break') throw new Error('oops');
    if (what === 'word') throw 'a word';
    if (what === 'exit') return Number(others[0]);
    if (what === 'nonsense') return 'yes';
    const client = await connect();
    const same = client === await connect();
    const { state } = await client.call('host.info', {});
    terminal.stdout.write(JSON.stringify({ what, others, loud: values.loud === true, json, same, state }) + '\\n');
    return 0;
  },
};`;

interface Claim {
  readonly name: string;
  readonly export?: string;
}

async function addPlugin(home: Home, id: string, commands: readonly Claim[], operations: readonly string[] = []) {
  const exports = { '.': './index.mjs', './shout': './shout.mjs', './nothing': './index.mjs' };
  const listed = commands.map(({ name, export: subpath = './shout' }) => ({
    name,
    summary: `${name}s for tests`,
    export: subpath,
  }));
  const manifest = { name: id, version: '1.0.0', engines: { soulbox: '^1.0.0' }, exports };
  const soulboxPart = { id, commands: listed, permissions: { operations } };
  await home.file(`${id}/package.json`, JSON.stringify({ ...manifest, soulbox: soulboxPart }));
  await home.file(`${id}/index.mjs`, `export default { $soulbox: 1, definition: { id: '${id}', setup() {} } };`);
  await home.file(`${id}/shout.mjs`, command);
}

async function homeWith(
  plugins: Readonly<Record<string, readonly Claim[]>>,
  operations?: readonly string[],
): Promise<Home> {
  const ids = Object.keys(plugins);
  const home = await makeHome(['store', 'sandbox', 'wire'], {
    plugins: Object.fromEntries([...ids.map((id) => [id, { package: `./${id}` }]), ['gone', { package: './gone' }]]),
  });
  for (const [id, commands] of Object.entries(plugins)) await addPlugin(home, id, commands, operations);
  return home;
}

const loads = () => (globalThis as { soulboxTestLoads?: number }).soulboxTestLoads ?? 0;

describe('a command of a plugin', () => {
  it('is run with its arguments, a terminal and one client, and loaded only then', async () => {
    await using home = await homeWith({ shouting: [{ name: 'shout' }] });
    const before = loads();
    const { stdout: help } = await soulbox(['help'], { home });
    assert.match(help, /^ {2}soulbox shout\n {6}shouts for tests \(plugin shouting\)$/m);
    assert.equal((await soulbox(['plugins', '--json'], { home })).code, 0);
    assert.equal(loads(), before);
    const { code, stdout, stderr } = await soulbox(['shout', '--json', 'hello', 'you', '--loud'], { home });
    assert.deepEqual([code, stderr], [0, '']);
    const expected = { what: 'hello', others: ['you'], loud: true, json: true, same: true, state: 'ready' };
    assert.deepEqual(JSON.parse(stdout), expected);
    assert.equal(loads(), before + 1);
  });

  it('tells how it is used', async () => {
    await using home = await homeWith({ shouting: [{ name: 'shout' }] });
    const { code, stdout } = await soulbox(['shout', '--help'], { home });
    assert.deepEqual([code, stdout], [0, 'soulbox shout WHAT [--loud]\n    shouts for tests\n']);
  });

  it('talks to the host that a URL names, and closes the connection', async () => {
    await using home = await homeWith({ shouting: [{ name: 'shout' }] });
    const seen: unknown[] = [];
    serveWire((url, key) => {
      seen.push([url, key]);
      return {
        call: async () => ({ state: 'far away' }),
        stream: () => assert.fail(),
        close: async () => void seen.push('closed'),
      };
    });
    try {
      const { stdout } = await soulbox(['shout', 'x', '--url', 'test://there', '--key', 'k'], { home });
      assert.equal((JSON.parse(stdout) as { state: string }).state, 'far away');
      assert.deepEqual(seen, [['test://there', 'k'], 'closed']);
    } finally {
      serveWire(undefined);
    }
    const { code, stderr } = await soulbox(['shout', 'x', '--url', 'nowhere://there'], { home });
    assert.equal(code, 125);
    assert.match(stderr, /unsupported: no configured plugin has a client/);
  });

  it('ends with its own exit code, and fails as built-in commands do', async () => {
    await using home = await homeWith({ shouting: [{ name: 'shout' }] });
    for (const [args, code, says] of [
      [['exit', '0'], 0, /^$/],
      [['exit', '7'], 7, /^$/],
      [['mistake'], 2, /^soulbox: what\?\n$/],
      [['x', '--quiet'], 2, /Unknown option '--quiet'/],
      [['refuse'], 125, /^soulbox: overloaded: come back later\n/],
      [['refuse', '--json'], 125, /^\{"error":\{"code":"overloaded"/],
      [['break'], 125, /plugin_failed: command shout of plugin shouting failed: oops\n/],
      [['word'], 125, /plugin_failed: command shout of plugin shouting failed: a word\n/],
      [['exit', '256'], 125, /256 is no exit code/],
      [['exit', '-1'], 2, /Unknown option '-1'/],
      [['nonsense'], 125, /yes is no exit code/],
    ] as const) {
      const ran = await soulbox(['shout', ...args], { home });
      assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stderr}`);
      assert.match(ran.stderr, says);
    }
  });

  it('is refused when its package exports none', async () => {
    await using home = await homeWith({
      shouting: [
        { name: 'missing', export: './missing' },
        { name: 'wrong', export: './nothing' },
      ],
    });
    for (const [name, says] of [
      ['missing', /plugin_manifest_invalid: shouting does not export "\.\/missing"/],
      ['wrong', /plugin_manifest_invalid: shouting does not export a command by default from "\.\/nothing" .*usage/],
    ] as const) {
      const { code, stderr } = await soulbox([name], { home });
      assert.equal(code, 125);
      assert.match(stderr, says);
    }
  });
});

describe('the name of a command', () => {
  it('is refused when two plugins claim it, and neither is loaded', async () => {
    await using home = await homeWith({ first: [{ name: 'shout' }], second: [{ name: 'shout' }, { name: 'other' }] });
    const before = loads();
    const { code, stderr } = await soulbox(['shout', 'x'], { home });
    assert.equal(code, 125);
    assert.match(stderr, /capability_conflict: command shout of plugin first \(.*:\d+\) .* plugin second \(.*:\d+\)/);
    const { stdout } = await soulbox(['help'], { home });
    assert.match(stdout, /soulbox shout\n {6}refused: command shout of plugin second .* one of plugin first/);
    assert.equal(loads(), before);
    assert.equal((await soulbox(['other', 'exit', '3'], { home })).code, 3);
  });

  it('never hides a command of soulbox itself, or operations', async () => {
    const names = ['start', 'run', 'doctor', 'config', 'help', 'version', 'host', 'plugins', 'keys'];
    await using home = await homeWith({ taking: names.map((name) => ({ name })) }, ['keys.list']);
    const before = loads();
    const { stdout } = await soulbox(['help'], { home });
    for (const name of names)
      assert.match(
        stdout,
        new RegExp(`soulbox ${name}\n {6}refused: command ${name} of plugin taking .* has the name of`),
      );
    assert.match((await soulbox(['host', 'info'], { home })).stdout, /state: +ready/);
    assert.match((await soulbox(['keys'], { home })).stderr, /there is no command "keys"/);
    assert.match((await soulbox(['version'])).stdout, /^\d+\.\d+\.\d+/);
    assert.equal((await soulbox(['run'], { home })).code, 2);
    assert.equal(loads(), before);
  });

  it('is a group of operations of the host where there is one', async () => {
    await using host = await scriptedHost();
    const { operations } = (await host.call('host.operations')) as { operations: { name: string; plugin: string }[] };
    const own = operations.filter(({ plugin }) => plugin === 'core').map(({ name }) => name.split('.')[0]);
    assert.deepEqual(new Set(own), coreGroups);
  });
});

it('help is there without a configuration, and where it is broken', async () => {
  await using home = await makeHome(['store']);
  await home.file('soulbox.yaml', 'plugins: [');
  const { code, stdout } = await soulbox(['help'], { home });
  assert.equal(code, 0);
  assert.match(stdout, /the commands of plugins are not known: config_invalid/);
  assert.match(stdout, /soulbox doctor/);
  assert.match((await soulbox(['help', '--config'])).stdout, /not known/);
});
