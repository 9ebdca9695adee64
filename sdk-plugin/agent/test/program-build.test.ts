import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const agent = fileURLToPath(new URL('../../../agent/', import.meta.url));

describe('the build of the agent', () => {
  let folder: string;
  let output: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'soulbox-build-'));
    output = join(folder, 'dist', 'agent', 'soulbox-agent');
    cpSync(join(agent, 'c'), join(folder, 'agent', 'c'), { recursive: true });
    cpSync(join(agent, 'build.mjs'), join(folder, 'agent', 'build.mjs'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const build = (env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(folder, 'agent', 'build.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });

  it('says in one line that there is no compiler, which is not an error', () => {
    const { status, stdout } = build({ CC: '/no/such/compiler' });
    assert.equal(status, 0);
    assert.match(stdout, /^agent: not built: no C compiler "\/no\/such\/compiler"[^\n]*\n$/);
    assert.ok(!existsSync(output));
  });

  it('makes a program without dependencies, and does nothing when that is up to date', () => {
    assert.equal(build().status, 0);
    const { mtimeMs } = statSync(output);
    const { status, stdout } = build({ CC: '/no/such/compiler' });
    assert.deepEqual([status, stdout], [0, '']);
    assert.equal(statSync(output).mtimeMs, mtimeMs);
    const usage = spawnSync(output, [], { encoding: 'utf8' });
    assert.deepEqual(
      [usage.status, usage.stderr],
      [64, 'soulbox-agent: the modes are box, serve, canary, connect and relay\n'],
    );
  });

  it('fails on a mistake in the source, and leaves the last program in place', () => {
    appendFileSync(join(folder, 'agent', 'c', 'main.c'), 'not C\n');
    assert.notEqual(build().status, 0);
    assert.ok(existsSync(output));
  });
});
