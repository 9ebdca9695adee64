import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { hostMounts } from '../support/leftovers.ts';
import { root } from '../support/soulbox.ts';
import type { Measurements } from './suite.ts';

/** The form that is short enough for a test: what it finds out about times is nothing to rely on. */
describe('npm run bench', () => {
  const execute = promisify(execFile);
  const main = join(root, 'test/dist/bench/main.js');
  let folder: string;
  let earlier: string[];
  const bench = (...args: string[]) => execute(process.execPath, [main, ...args, '--out', folder], { cwd: root });
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-bench-test-'));
    earlier = await hostMounts();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('measures what is here, side by side, and says what is not', async (t) => {
    await bench('--quick', '--languages', 'python,javascript,cpp');
    const { figures, absent, notes } = JSON.parse(await read('figures.json')) as Measurements;
    for (const { name, reason } of absent) t.diagnostic(`not here: ${name}: ${reason}`);
    for (const [name, lines] of Object.entries(notes)) t.diagnostic(`${name}: ${lines.join('; ')}`);
    const measured = figures.map(({ system, language }) => `${system}, ${language}`);
    for (const system of ['bare process', 'SoulBox linux', 'SoulBox linux, cold'])
      for (const language of ['python', 'javascript'])
        assert.ok(measured.includes(`${system}, ${language}`), measured.join());
    for (const { alone, loads } of figures) {
      assert.ok(alone.count > 0 && alone.p50 > 0 && alone.p95 >= alone.p50 && alone.p99 >= alone.p95);
      assert.ok(loads.length > 0);
      for (const { perSecond, times } of loads) assert.ok(perSecond.median > 0 && times.p99 >= times.p50);
    }
    const report = await read('report.md');
    for (const part of ['## Figures to reach', '## Machine', '## Systems', '## python', '## javascript', '## Hooks'])
      assert.ok(report.includes(part), part);
    const plots = [...report.matchAll(/\]\((\S+\.svg)\)/g)].map(([, file]) => file!);
    assert.ok(plots.includes('latency-python.svg') && plots.includes('throughput-javascript.svg'), plots.join());
    for (const file of plots) assert.match(await read(file), /^<svg [^]*<\/svg>\n$/);
  });

  it('leaves nothing behind', async () => {
    assert.deepEqual(await hostMounts(), earlier);
    const names = (await readdir('/sys/fs/cgroup', { recursive: true })).filter((name) =>
      name.includes('soulbox-bench-'),
    );
    assert.deepEqual(names, []);
  });

  it('refuses what it does not know', async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const error = await bench(...args).then(
        () => assert.fail('it was accepted'),
        (thrown: { code: number; stderr: string }) => thrown,
      );
      assert.equal(error.code, 1);
      return error.stderr;
    };
    assert.match(await refused('--languages', 'cobol'), /unknown languages: cobol; there are python,/);
    assert.match(await refused('--rounds', 'many'), /--rounds takes whole numbers from 1/);
    assert.match(await refused('--only', 'nothing'), /nothing is called so; there are bare process,/);
    assert.match(await refused('--surprise'), /surprise/);
  });
});
