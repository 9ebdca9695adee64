/**
 * Runs the suite of every plugin, those of the examples too, where nothing of this repository is at hand: in an empty
 * folder with the packed core, SDK and plugin, and with copies of what these three declare. Of each suite the tests of
 * conformance, which use all of what is packed; with `--all` the whole.
 * `node config/scripts/packed-suites.mjs [--all] [FOLDER…]`, for instance `plugins/auth-api-key`; after `npm run build`.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { closureOf, copyDependency } from './dependency-closure.mjs';
import { pack, unpack } from './pack.mjs';
import { runNodeTest } from './run-node-test.mjs';
import { testFilesOf } from './test-files.mjs';
import { readJson, root, workspaces } from './workspaces.mjs';

/** @import { Packed } from './pack.mjs' */
/** @import { TestFile } from './test-files.mjs' */
/** @import { Workspace } from './workspaces.mjs' */
/** @typedef {{ passed: number, failed: number, skipped: number, leftOut: number, problems: string[] }} Outcome */

/**
 * Test files that cannot be run without the repository, and why.
 * @type {ReadonlyMap<string, string>}
 */
const needsRepository = new Map(
  [
    'conformance',
    'driver',
    'engine-faults',
    'full-disk',
    'hardening',
    'images/operations',
    'proxy-faults',
    'reconcile',
  ].map((name) => [`plugins/sandbox-docker/test/${name}.test.ts`, 'starts an engine by test/support/docker/engine.sh']),
);

const everything = process.argv.includes('--all');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--all');
const scratch = mkdtempSync(join('/var/tmp', 'soulbox-packed-')); // Not below /tmp, which every sandbox has for itself.
try {
  // Sandboxes may look at what they run as another user.
  chmodSync(scratch, 0o755);
  const all = [...workspaces(), ...examplePlugins()];
  const shared = await Promise.all(['core', 'sdk-plugin'].map((dir) => packOf(all, dir)));
  const plugins = all.filter(({ dir, manifest }) => manifest.soulbox !== undefined && isWanted(dir));
  let failures = staleExceptions(all).length + (plugins.length === 0 ? 1 : 0);
  for (const stale of staleExceptions(all)) console.log(`FAIL no such test file: ${stale}`);
  for (const plugin of plugins) {
    const { passed, failed, skipped, leftOut, problems } = await runSuite(plugin, shared);
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped, ${leftOut} files left out`;
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${plugin.manifest.name}: ${counts}`);
    for (const problem of problems) console.log(`       ${problem}`);
    failures += problems.length;
  }
  console.log(`the suites of ${plugins.length} packed plugins, ${failures} problems`);
  process.exitCode = failures > 0 ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** @returns {Workspace[]} */
function examplePlugins() {
  const parent = 'examples/plugins';
  return readdirSync(join(root, parent))
    .map((name) => ({ dir: `${parent}/${name}`, path: join(root, parent, name) }))
    .filter(({ path }) => existsSync(join(path, 'package.json')))
    .map((place) => ({ ...place, manifest: readJson(join(place.path, 'package.json')) }));
}

/** @param {string} dir */
function isWanted(dir) {
  return wanted.length === 0 || wanted.some((name) => dir === name.replace(/\/+$/, ''));
}

/** @param {Workspace[]} all @returns {string[]} */
function staleExceptions(all) {
  const known = new Set(all.flatMap(testFilesOf).map(({ source }) => source));
  return [...needsRepository.keys()].filter((source) => !known.has(source));
}

/** @param {Workspace[]} all @param {string} dir @returns {Promise<Packed>} */
function packOf(all, dir) {
  const workspace = all.find((each) => each.dir === dir);
  if (!workspace) throw new Error(`no package in ${dir}`);
  return pack(workspace, scratch);
}

/** @param {Workspace} plugin @param {Packed[]} shared @returns {Promise<Outcome>} */
async function runSuite(plugin, shared) {
  const folder = join(scratch, plugin.dir.replaceAll('/', '-'));
  mkdirSync(folder);
  const packed = [...shared, await pack(plugin, scratch)];
  for (const each of packed) await unpack(each, folder);
  installDependencies(packed, folder);

  const files = testFilesOf(plugin);
  for (const { source } of files.filter((file) => needsRepository.has(file.source)))
    console.log(`left out: ${source}: ${needsRepository.get(source)}`);
  const chosen = choose(files.filter(({ source }) => !needsRepository.has(source)));
  const own = join('node_modules', plugin.manifest.name);
  for (const tests of testFolders(plugin, chosen))
    cpSync(join(plugin.path, tests), join(folder, own, tests), { recursive: true });
  /** @type {Buffer[]} */
  const printed = [];
  const { NODE_V8_COVERAGE: _coverage, NODE_PATH: _path, ...env } = process.env;
  const { counts, exitCode } = await runNodeTest({
    files: chosen.map(({ compiled }) => join(own, compiled.slice(plugin.dir.length + 1))),
    cwd: folder,
    reports: join(scratch, 'reports'),
    concurrency: 2,
    env,
    output: (chunk) => printed.push(chunk),
  });
  const problems = [
    ...(counts.failed > 0 || exitCode !== 0 ? [`its suite failed, exit code ${exitCode}`] : []),
    ...(counts.passed === 0 ? ['no test passed'] : []),
    ...counts.empty.map((file) => `declares no test: ${file}`),
  ];
  if (problems.length > 0) process.stdout.write(Buffer.concat(printed));
  rmSync(folder, { recursive: true });
  const { passed, failed, skipped } = counts;
  return { passed, failed, skipped: skipped.length, leftOut: files.length - chosen.length, problems };
}

/** @param {TestFile[]} files */
function choose(files) {
  const ofConformance = files.filter(({ source }) => source.endsWith('conformance.test.ts'));
  return everything || ofConformance.length === 0 ? files : ofConformance;
}

/** @param {Packed[]} packed @param {string} folder */
function installDependencies(packed, folder) {
  const dependents = packed.map(({ path, name, manifest }) => ({ dir: path, name, manifest }));
  const names = new Map(packed.map(({ dir, name }) => [dir, name]));
  for (const at of closureOf(dependents, new Set(names.values()))) {
    // What is installed within a workspace goes within its package.
    const [dir] = [...names.keys()].filter((each) => at.startsWith(`${each}/`));
    const to = dir === undefined ? at : join('node_modules', names.get(dir) ?? '', at.slice(dir.length));
    copyDependency(at, join(folder, to));
  }
}

/** The folders that hold the compiled tests, relative to the package. @param {Workspace} plugin @param {TestFile[]} files */
function testFolders({ dir }, files) {
  const folders = files.map(({ compiled }) => /^(?:.*?\/)?test(?=\/)/.exec(compiled.slice(dir.length + 1))?.[0]);
  return new Set(folders.filter((folder) => folder !== undefined));
}
