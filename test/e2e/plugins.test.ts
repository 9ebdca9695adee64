import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { needs } from '../support/needs.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { root, soulbox } from '../support/soulbox.ts';

/** Packs the example plugin as its author would publish it, in a version with a sentence of its own. */
async function packExample(folder: string, version: string, says: string): Promise<string> {
  const source = join(folder, `source-${version}`);
  await cp(join(root, 'examples/plugins/house-rules'), source, { recursive: true });
  const packageJson = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as object;
  await writeFile(join(source, 'package.json'), JSON.stringify({ ...packageJson, version }));
  const code = await readFile(join(source, 'index.js'), 'utf8');
  await writeFile(join(source, 'index.js'), code.replace('the house rules do not allow', says));
  const packed = join(folder, `packed-${version}`);
  await mkdir(packed);
  await promisify(execFile)('npm', ['pack', source, `--pack-destination=${packed}`]);
  return join(packed, (await readdir(packed))[0] ?? assert.fail('npm packed nothing'));
}

class Operator {
  private readonly host: RunningHost;
  readonly config: string;

  constructor(host: RunningHost) {
    this.host = host;
    this.config = join(host.home.folder, 'soulbox.yaml');
  }

  async change(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await soulbox(this.host.home, ['plugins', ...args, '--config', this.config]);
    assert.equal(code, 0, stderr.toString());
  }

  /** Runs a program on the running host and returns what it printed or what was said of it. */
  async run(program: string): Promise<string> {
    const env = { SOULBOX_URL: this.host.url, SOULBOX_KEY: this.host.key ?? '' };
    const { stdout, stderr } = await soulbox(this.host.home, ['run', program], { env });
    return `${stdout.toString()}${stderr.toString()}`;
  }

  /** Runs a program until something is said of it: a host takes a changed file over a little later. */
  async runUntil(program: string, expected: RegExp): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const said = await this.run(program);
      if (expected.test(said)) return;
      if (tries > 60) assert.match(said, expected);
      await sleep(250);
    }
  }
}

describe('a plugin of a stranger', { skip: needs('python3') }, () => {
  it('is added to a running host, takes effect, is updated and removed, while the host goes on', async () => {
    const host = await startHost({ yaml: '# kept' });
    await using home = host.home;
    const operator = new Operator(host);
    const program = join(home.folder, 'program.py');
    await writeFile(program, 'print("forbidden word")\n');
    try {
      assert.equal(await operator.run(program), 'forbidden word\n');
      await operator.change('add', await packExample(home.folder, '1.0.0', 'the first says no to'), '--yes');
      const added = await readFile(operator.config, 'utf8');
      assert.match(added, /^# kept$/m);
      await writeFile(operator.config, `${added}    config: { bannedWords: [forbidden] }\n`);
      await operator.runUntil(program, /execution_vetoed: .*the first says no to "forbidden"/);
      await operator.change(
        'update',
        'house-rules',
        await packExample(home.folder, '1.1.0', 'the second says no to'),
        '--yes',
      );
      await operator.runUntil(program, /execution_vetoed: .*the second says no to "forbidden"/);
      await operator.change('remove', 'house-rules');
      await operator.runUntil(program, /^forbidden word\n$/);
      assert.doesNotMatch(await readFile(operator.config, 'utf8'), /house-rules/);
      const log = await readFile(join(home.folder, '.local/share/soulbox/plugin-changes.jsonl'), 'utf8');
      const actions = log
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { action: string }).action);
      assert.deepEqual(actions, ['add', 'update', 'remove']);
    } finally {
      assert.equal(await host.end('SIGTERM'), 0, host.output());
    }
  });
});
