import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { findCompilers } from '../src/compilers.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-cpp-'));
const path = process.env['PATH'];
after(() => rmSync(folder, { recursive: true, force: true }));

/** Answers as a compiler of a version would, with the libraries of the real one. */
function pretend(name: string, version: string): string {
  const file = join(folder, name);
  const searched = execFileSync('g++', ['-print-search-dirs'], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const script = `#!/bin/sh\ncase "$1" in -print-search-dirs) cat <<'E'\n${searched}\nE\n;; *) echo '${version}' >&2;; esac\n`;
  writeFileSync(file, script, { mode: 0o755 });
  return file;
}

const find = (config: object) => findCompilers(ConfigSchema.parse(config));

describe('the compilers of a host', () => {
  test('one that is configured is the only one', async () => {
    const command = pretend('only', 'gcc version 13.1.0 (x)');
    const found = await find({ command });
    assert.deepEqual(
      found.map(({ executable, version }) => ({ executable, version })),
      [{ executable: command, version: '13.1.0' }],
    );
  });
  test('of several g++ in PATH comes first, then the others by version', async () => {
    process.env['PATH'] = `${folder}:${path}`;
    try {
      pretend('g++', 'gcc version 97.1.0 (x)');
      const real = (await find({ command: '/usr/bin/g++' }))[0];
      const versions = (await find({})).map(({ version }) => version);
      assert.equal(versions[0], '97.1.0');
      assert.ok(versions.includes(real.version), 'what is a program beside it');
    } finally {
      process.env['PATH'] = path;
      rmSync(join(folder, 'g++'));
    }
  });
  test('one that is too old, broken, absent or cannot link is not used, and the advice names no path', async () => {
    const cases: [string, RegExp][] = [
      [pretend('old', 'gcc version 9.4.0 (x)'), /9\.4\.0 is too old; install g\+\+ 10/],
      [pretend('strange', 'tcc version 0.9.27'), /install g\+\+ 10/],
      ['/does/not/exist', /no C\+\+ compiler was found; install g\+\+/],
    ];
    for (const [command, message] of cases)
      await assert.rejects(find({ command }), (thrown: Error) => {
        assert.match(thrown.message, message);
        assert.ok(!thrown.message.includes(folder));
        return true;
      });
  });
  test('boxes get its programs, libraries and headers, but not the folders that hold the system', async () => {
    const [{ paths }] = await find({});
    assert.ok(paths.some((each) => each.endsWith('/ld')));
    assert.ok(paths.some((each) => /\/(gcc|c\+\+)\//.test(each) || each === '/usr/include'));
    assert.deepEqual(
      paths.filter((each) => ['/usr', '/usr/bin', '/usr/lib', '/lib'].includes(each)),
      [],
    );
  });
});
