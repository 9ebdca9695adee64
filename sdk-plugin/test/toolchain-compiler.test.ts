import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inspectCompiler, sharedLibraries } from '@soulbox/plugin-sdk/toolchain';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'soulbox-compiler-')));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content = '', mode = 0o644): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content, { mode });
  return path;
}

/** A compiler driver that lists these folders, and says this when it is asked for details. */
function driver(name: string, folders: { programs?: string[]; libraries?: string[] }, details: string): string {
  const list = (kind: string, found: string[] = []) => `${kind}: =${found.map((each) => join(folder, each)).join(':')}`;
  const dirs = `install: /x\n${list('programs', folders.programs)}\n${list('libraries', folders.libraries)}`;
  const script = `#!/bin/sh\ncase "$*" in -print-search-dirs) echo '${dirs}';; *) cat >&2 <<'E'\n${details}\nE\n;; esac\n`;
  return file(name, script, 0o755);
}

const missing = 'install one';
const gcc = `Using built-in specs.
gcc version 12.2.0 (Debian)
#include "..." search starts here:
#include <...> search starts here:
 ${folder}/lib/gcc/../include
 ${folder}/headers
End of search list.`;

describe('inspectCompiler', () => {
  file('lib/gcc/crtbegin.o');
  file('lib/crt1.o');
  file('lib/include/x.h');
  file('headers/y.h');
  const cc1plus = file('libexec/cc1plus', '', 0o755);
  const linker = file('libexec/real-ld', '', 0o755);
  symlinkSync(linker, join(folder, 'libexec/ld'));
  const folders = { programs: ['libexec/sub/..'], libraries: ['nothing', 'lib/gcc', 'lib'] };

  test('a compiler that compiles comes with its programs, libraries and headers', async () => {
    const real = driver('bin/real-g++', folders, gcc);
    const command = join(folder, 'bin/g++');
    symlinkSync(real, command);
    const { executable, family, version, paths } = await inspectCompiler(command, { language: 'c++', missing });
    assert.deepEqual({ executable, family, version }, { executable: real, family: 'gcc', version: '12.2.0' });
    for (const part of [real, cc1plus, linker, join(folder, 'libexec/ld'), join(folder, 'headers')])
      assert.ok(paths.includes(part), part);
    assert.ok(paths.includes(join(folder, 'lib')), 'the outermost of the folders with libraries and headers');
  });
  test('one that only links comes without headers and the compiler proper', async () => {
    const clang = driver('bin/clang', folders, 'Debian clang version 14.0.6\nTarget: x');
    const { family, version, paths } = await inspectCompiler(clang, { missing });
    assert.deepEqual({ family, version }, { family: 'clang', version: '14.0.6' });
    assert.ok(paths.includes(linker));
    assert.ok(!paths.includes(cc1plus) && !paths.includes(join(folder, 'headers')));
  });
  test('one that is no such compiler, or has nothing to link with, is refused', async () => {
    const refused = [
      driver('bin/tcc', folders, 'tcc version 0.9.27'),
      driver('bin/bare', { programs: ['libexec'] }, gcc),
      driver('bin/silent', folders, ''),
    ];
    for (const command of refused)
      await assert.rejects(inspectCompiler(command, { missing }), { name: 'ToolchainUnusable', message: missing });
  });
});

describe('sharedLibraries', () => {
  test('leaves out what every box has, and passes over what is no dynamic program', async () => {
    const text = file('text', 'no program', 0o755);
    assert.deepEqual(await sharedLibraries([text]), []);
    const alone = await sharedLibraries([process.execPath]);
    assert.deepEqual(await sharedLibraries([text, process.execPath]), alone);
    assert.ok(alone.every((path) => path.startsWith('/') && !path.startsWith('/lib/x86_64-linux-gnu/')));
  });
  test('names each by its path, whatever the loader calls it', async () => {
    const path = process.env['PATH'];
    file('tools/ldd', "#!/bin/sh\necho '\tlibx.so => /opt/x/bin/../lib/libx.so (0x01)'\n", 0o755);
    process.env['PATH'] = `${join(folder, 'tools')}:${path}`;
    try {
      assert.deepEqual(await sharedLibraries(['/a', '/b']), ['/opt/x/lib/libx.so']);
      process.env['PATH'] = folder;
      assert.deepEqual(await sharedLibraries(['/a']), [], 'where the loader cannot be asked');
    } finally {
      process.env['PATH'] = path;
    }
  });
});
