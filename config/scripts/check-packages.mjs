/**
 * Packs every public package and looks at it as somebody who installs it would: publint, attw, the files that must be
 * there, an import of every entry point with nothing at hand but the packed packages and what they declare, and a host.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { pack, unpack } from './pack.mjs';
import { filesUnder, readJson, root, workspaces } from './workspaces.mjs';

const run = promisify(execFile);

/** @typedef {import('./pack.mjs').Packed & { installed: string }} Packed */

const scratch = mkdtempSync(join(tmpdir(), 'soulbox-packages-'));
try {
  const packed = [];
  for (const workspace of workspaces().filter(({ manifest }) => manifest.private !== true))
    packed.push(await packAndUnpack(workspace));
  for (const each of packed) linkDependencies(each);

  let failures = 0;
  for (const each of packed) {
    const problems = [
      ...checkFiles(each),
      ...(await lint(each)),
      ...(await checkTypes(each)),
      ...(await importAll(each)),
    ];
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${each.name} ${each.manifest.version}`);
    for (const problem of problems) console.log(`       ${problem}`);
    failures += problems.length;
  }
  for (const problem of await boot()) {
    console.log(`FAIL packed host: ${problem}`);
    failures++;
  }
  console.log(`${packed.length} packages, ${failures} problems`);
  process.exitCode = packed.length === 0 || failures > 0 ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** @param {import('./workspaces.mjs').Workspace} workspace @returns {Promise<Packed>} */
async function packAndUnpack(workspace) {
  const packed = await pack(workspace, scratch);
  return { ...packed, installed: await unpack(packed, scratch) };
}

/** Links what a package declares beside it; its siblings lie packed in the folder above. @param {Packed} packed */
function linkDependencies({ installed, manifest }) {
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (dependency.startsWith('@soulbox/')) continue;
    const link = join(installed, 'node_modules', dependency);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), link);
  }
}

/** @param {Packed} packed @returns {string[]} */
function checkFiles({ installed, manifest }) {
  const files = readdirSync(installed);
  const license = files.includes('LICENSE') ? readFileSync(join(installed, 'LICENSE'), 'utf8') : '';
  const stray = filesUnder(join(installed, 'dist'), (name) => /(^|\/)test\/|\.tsbuildinfo$/.test(name));
  return [
    ...(files.includes('README.md') ? [] : ['no README.md']),
    ...(license === readFileSync(join(root, 'LICENSE'), 'utf8') ? [] : ['LICENSE is not that of the repository']),
    ...(/^\d+\.\d+\.\d+/.test(manifest.version) ? [] : [`version ${manifest.version}`]),
    ...(manifest.engines?.node === readJson(join(root, 'package.json')).engines.node ? [] : ['engines.node differs']),
    ...(manifest.license === 'Apache-2.0' ? [] : ['license field']),
    ...(manifest.soulbox === undefined || manifest.engines.soulbox ? [] : ['a plugin without engines.soulbox']),
    ...stray.map((name) => `should not be published: dist/${name}`),
  ];
}

/** @param {Packed} packed @returns {Promise<string[]>} */
async function lint({ tarball, manifest }) {
  const bytes = readFileSync(tarball);
  const { messages } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  });
  return messages.map((message) => `publint: ${formatMessage(message, manifest, { color: false })}`);
}

/** Packages whose entry points are data only have no types to check. @param {Packed} packed @returns {Promise<string[]>} */
async function checkTypes(packed) {
  if (codeEntries(packed).length === 0) return [];
  const attw = join(root, 'node_modules', '.bin', 'attw');
  try {
    await run(attw, [
      packed.tarball,
      '--profile',
      'esm-only',
      '--format',
      'ascii',
      '--no-color',
      '--no-emoji',
      '--no-summary',
    ]);
    return [];
  } catch (error) {
    return [`attw: ${/** @type {{ stdout: string }} */ (error).stdout}`];
  }
}

/** @param {Packed} packed @returns {Promise<string[]>} */
async function importAll(packed) {
  const problems = [];
  for (const entry of codeEntries(packed)) {
    const specifier = join(packed.name, entry);
    try {
      await run(process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(specifier)})`], {
        cwd: scratch,
        timeout: 20_000,
      });
    } catch (error) {
      const { stderr } = /** @type {{ stderr: string }} */ (error);
      problems.push(`import ${specifier}: ${/^\w*Error.*$/m.exec(stderr)?.[0] ?? 'failed'}`);
    }
  }
  return problems;
}

/** Boots a host of the packed packages, and names the plugins that are not up. @returns {Promise<string[]>} */
async function boot() {
  const command = join(scratch, 'node_modules', 'soulbox', 'bin', 'soulbox.js');
  const env = { PATH: process.env.PATH, HOME: scratch };
  try {
    const { stdout } = await run(process.execPath, [command, 'plugins', '--json'], {
      cwd: scratch,
      env,
      timeout: 60_000,
    });
    /** @type {{ plugins: { id: string, state: string, reason: string | null }[] }} */
    const { plugins } = JSON.parse(stdout);
    console.log(`${plugins.length} plugins in the packed host`);
    return [
      ...(plugins.length === 0 ? ['no plugin'] : []),
      ...plugins
        .filter(({ state }) => state !== 'active')
        .map(({ id, state, reason }) => `${id} is ${state}: ${reason}`),
    ];
  } catch (error) {
    return [/** @type {Error} */ (error).message];
  }
}

/** The subpaths that lead to code. @param {Packed} packed */
function codeEntries({ manifest }) {
  return Object.entries(manifest.exports ?? {})
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath]) => subpath);
}
