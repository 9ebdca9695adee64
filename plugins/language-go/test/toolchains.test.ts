import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { StandardLibrary } from '../src/library.ts';
import { findToolchains } from '../src/toolchains.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-go-'));
const cache = join(folder, 'cache');
after(() => rmSync(folder, { recursive: true, force: true }));

const find = (config: object) => findToolchains(ConfigSchema.parse({ cache, ...config }));

/** A toolchain that answers as the real one of a version would, and does this when it is told to build. */
function pretend(version: string, build = ':'): string {
  const root = join(folder, version || 'none');
  mkdirSync(join(root, 'pkg/tool'), { recursive: true });
  mkdirSync(join(root, 'bin'), { recursive: true });
  const answer = JSON.stringify({ GOROOT: root, GOTOOLDIR: join(root, 'pkg/tool'), GOVERSION: version });
  const path = join(root, 'bin/go');
  writeFileSync(path, `#!/bin/sh\ncase "$1" in env) echo '${answer}';; *) ${build};; esac\n`, { mode: 0o755 });
  return path;
}

describe('the toolchains of a host', () => {
  test('boxes get the toolchain and its compiled library', async () => {
    const command = pretend('go1.22.3 X:other');
    const [{ go, version, library, paths }, ...others] = await find({ command });
    assert.deepEqual({ go, version, others }, { go: command, version: '1.22.3', others: [] });
    assert.ok(library.startsWith(`${cache}/1.22.3-`) && existsSync(library));
    assert.deepEqual(paths, [join(command), join(folder, 'go1.22.3 X:other/pkg'), library].toSorted());
  });
  test('without a command the one in PATH comes first, and others are listed by version', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = `${join(pretend('go1.99.0'), '..')}:${path}`;
    try {
      const versions = (await find({})).map(({ version }) => version);
      assert.equal(versions[0], '1.99.0');
      assert.equal(new Set(versions).size, versions.length);
    } finally {
      process.env['PATH'] = path;
    }
  });
  test('one that is too old, broken or absent, or has no folder to write, is not used', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const cases: [object, RegExp][] = [
      [{ command: pretend('go1.18.1') }, /Go 1\.18\.1 is too old; install 1\.19/],
      [{ command: pretend('devel x') }, /too old/],
      [{ command: '/does/not/exist/go' }, /Go was not found; install Go/],
      [{ command: pretend('go1.22.0'), cache: join(file, 'below') }, /with the setting cache/],
    ];
    for (const [config, message] of cases)
      await assert.rejects(find(config), (thrown: Error) => {
        assert.match(thrown.message, message);
        assert.ok(!thrown.message.includes(folder));
        return true;
      });
  });
});

describe('the compiled standard library', () => {
  const calls = join(folder, 'calls');
  const open = () => new AbortController().signal;

  test('is made once, for all who wait and for later hosts', async () => {
    const [toolchain] = await find({ command: pretend('go1.30.0', `echo "$*" >>'${calls}'`) });
    const library = new StandardLibrary({ signal: open() });
    await Promise.all([library.ready(toolchain), library.ready(toolchain)]);
    await new StandardLibrary({ signal: open() }).ready(toolchain);
    assert.equal(readFileSync(calls, 'utf8'), 'build std\n');
  });
  test('who would wait long is told to come again; stopping ends the work', async () => {
    const [toolchain] = await find({ command: pretend('go1.31.0', 'exec sleep 1000') });
    const stop = new AbortController();
    const library = new StandardLibrary({ signal: stop.signal, waitMs: 1 });
    await assert.rejects(library.ready(toolchain), { code: 'overloaded', details: { retryAfterMs: 10_000 } });
    stop.abort();
    const later = new StandardLibrary({ signal: stop.signal });
    await assert.rejects(later.ready(toolchain), { code: 'language_unavailable' });
  });
  test('a failure is told, and the next one tries again', async () => {
    const mark = join(folder, 'tried');
    const [toolchain] = await find({
      command: pretend('go1.32.0', `test -e '${mark}' || { : >'${mark}'; exit 1; }`),
    });
    const library = new StandardLibrary({ signal: open() });
    await assert.rejects(library.ready(toolchain), { code: 'language_unavailable' });
    await library.ready(toolchain);
  });
});
