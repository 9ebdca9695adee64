/**
 * Reports the coverage that the last `npm test` collected, and fails below the bounds.
 * `npm run coverage [-- PATH…]` narrows it to packages, for instance `npm run coverage -- core plugins/sandbox-linux`.
 *
 * Every source file counts, loaded by a test or not, except those that hold only types. `.coverage/lcov.info` is left
 * for editors; COVERAGE_DIR says where the raw data lies.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import c8 from 'c8';
import { filesUnder, root, workspaces } from './workspaces.mjs';

/** @typedef {{ file: string, lines: number, covered: number, uncovered: number[] }} FileCoverage */

const sourceFolders = /** @type {Record<string, string[]>} */ ({
  'sdk-plugin': ['src', 'agent/src', 'testing', 'conformance', 'bin'],
});
const withoutBound = new Set(['config', 'examples', 'test']);
const reports = resolve(root, process.env.COVERAGE_DIR ?? '.coverage');
const wanted = process.argv.slice(2).map((path) => path.replace(/\/+$/, ''));
const measured = workspaces().filter(
  ({ dir }) => !withoutBound.has(dir) && (wanted.length === 0 || wanted.includes(dir)),
);

if (measured.length === 0) throw new Error(`no such package: ${wanted.join(', ')}`);
if (!existsSync(join(reports, 'v8'))) throw new Error('no coverage data: run npm test first');

const map = await coverageMap();
let below = 0;
for (const { dir, path } of measured) report(dir, coverageOf(dir, path));
if (below > 0) console.log(`\n${below} of ${measured.length} packages below their bound`);
process.exitCode = Math.sign(below);

async function coverageMap() {
  const c8Report = new c8.Report({
    // What is run is the compiled file; the report is about the source that its map leads to.
    include: measured.map(({ dir }) => `${dir}/dist/**`),
    exclude: ['**/dist/test/**', '**/dist/agent/test/**'],
    extension: ['.js'],
    reporter: ['lcovonly'],
    reportsDirectory: reports,
    tempDirectory: join(reports, 'v8'),
    resolve: '',
    src: [root],
    omitRelative: true,
    mergeAsync: true,
  });
  await c8Report.run();
  return c8Report.getCoverageMapFromAllCoverageFiles();
}

/**
 * @param {string} dir
 * @param {string} path
 * @returns {FileCoverage[]}
 */
function coverageOf(dir, path) {
  const folders = sourceFolders[dir] ?? ['src'];
  return folders
    .flatMap((folder) =>
      filesUnder(join(path, folder), (name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`),
    )
    .flatMap((name) => {
      const source = join(path, name);
      const entry = map.data[source];
      if (entry !== undefined) {
        const { lines } = entry.toSummary().data;
        return [
          { file: name, lines: lines.total, covered: lines.covered, uncovered: entry.getUncoveredLines().map(Number) },
        ];
      }
      if (holdsOnlyTypes(join(path, 'dist', name.replace(/\.ts$/, '.js')))) return [];
      return [{ file: name, lines: readFileSync(source, 'utf8').split('\n').length - 1, covered: 0, uncovered: [] }];
    });
}

/** A file of types is compiled to an empty module. @param {string} compiled */
function holdsOnlyTypes(compiled) {
  return (
    existsSync(compiled) && /^(export \{\};\s*)?(\/\/# sourceMappingURL=\S+\s*)?$/.test(readFileSync(compiled, 'utf8'))
  );
}

/**
 * @param {string} dir
 * @param {FileCoverage[]} files
 */
function report(dir, files) {
  const total = files.reduce((sum, { lines }) => sum + lines, 0);
  const covered = files.reduce((sum, file) => sum + file.covered, 0);
  const bound = dir.startsWith('plugins/') ? 95 : 100;
  const percent = total === 0 ? 0 : (100 * covered) / total;
  const enough = percent >= bound;
  if (!enough) below++;
  console.log(
    `${enough ? 'ok   ' : 'BELOW'} ${dir.padEnd(36)} ${floor(percent).padStart(6)} % of ${total} lines (bound ${bound} %)`,
  );
  for (const { file, lines, covered: reached, uncovered } of files)
    if (reached < lines)
      console.log(
        `        ${file.padEnd(34)} ${floor((100 * reached) / lines).padStart(6)} %  ${reached === 0 && uncovered.length === 0 ? 'never loaded' : ranges(uncovered)}`,
      );
}

/** Two decimals, never rounded up to the bound. @param {number} percent */
function floor(percent) {
  return (Math.floor(percent * 100) / 100).toFixed(2);
}

/** `[1, 2, 3, 7]` reads `1-3 7`. @param {number[]} lines */
function ranges(lines) {
  /** @type {[number, number][]} */
  const found = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(' ');
}
