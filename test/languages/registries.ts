import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { serveFiles, type ServedFiles } from '@soulbox/plugin-sdk/testing';

const run = promisify(execFile);

/** Gives `command` a folder with these files, and returns the one that it leaves as `packed`. */
async function pack(files: Readonly<Record<string, string>>, command: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-registry-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const [program = '', ...args] = command;
    await run(program, args, { cwd: folder });
    return await readFile(join(folder, 'packed'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const info = 'demo-1.0.0.dist-info';
const wheelFiles = {
  'demo.py': 'word = "from the layer"\n',
  [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0.0\n',
  [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  [`${info}/RECORD`]: ['demo.py', ...['METADATA', 'WHEEL', 'RECORD'].map((name) => `${info}/${name}`)]
    .map((path) => `${path},,\n`)
    .join(''),
};
const npmManifest = { name: 'demo', version: '1.0.0', main: 'index.js' };
const npmFiles = {
  'package/package.json': JSON.stringify(npmManifest),
  'package/index.js': 'module.exports = "from the layer";\n',
};

/** Serves the package `demo` 1.0.0, which holds the words `from the layer`, to pip below `/simple/` and to npm. */
export async function serveRegistries(): Promise<ServedFiles> {
  const name = 'demo-1.0.0-py3-none-any.whl';
  const wheel = await pack(wheelFiles, ['python3', '-m', 'zipfile', '-c', 'packed', 'demo.py', info]);
  const tarball = await pack(npmFiles, ['tar', '-czf', 'packed', 'package']);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  return serveFiles((url) => ({
    '/simple/demo/': `<a href="/files/${name}">${name}</a>`,
    [`/files/${name}`]: wheel,
    '/demo': JSON.stringify({
      name: 'demo',
      'dist-tags': { latest: '1.0.0' },
      versions: { '1.0.0': { ...npmManifest, dist: { tarball: `${url}/demo.tgz`, integrity } } },
    }),
    '/demo.tgz': tarball,
  }));
}
