// Compiles the agent to dist/agent/soulbox-agent, or with --sanitize to dist/agent/soulbox-agent-asan.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, 'c');
const sanitize = process.argv.includes('--sanitize');
const output = join(here, '..', 'dist', 'agent', sanitize ? 'soulbox-agent-asan' : 'soulbox-agent');
const compiler = process.env['CC'] ?? 'cc';

const common = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-Wshadow', '-fPIE'];
const flags = sanitize
  ? [...common, '-O1', '-g', '-pie', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
  : [
      ...common,
      '-O2',
      '-static-pie',
      '-fstack-protector-strong',
      // Some compilers define another level themselves, and warn where that is done twice.
      '-U_FORTIFY_SOURCE',
      '-D_FORTIFY_SOURCE=2',
      '-Wl,-z,relro,-z,now,-z,noexecstack',
      '-s',
    ];

/** Why it cannot be built here, where it cannot. */
function obstacle() {
  if (process.platform !== 'linux') return `sandboxes of the Linux kind need Linux, not ${process.platform}`;
  if (!['x64', 'arm64'].includes(process.arch)) return `no system call filter for ${process.arch} yet`;
  const found = spawnSync(compiler, ['--version'], { stdio: 'ignore' });
  if (found.error || found.status !== 0) return `no C compiler "${compiler}"; install one, or set CC`;
  return undefined;
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isUpToDate() {
  const inputs = [fileURLToPath(import.meta.url), ...readdirSync(sources).map((name) => join(sources, name))];
  return Math.max(...inputs.map(modified)) < modified(output);
}

function compile() {
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
  // Renamed into place: whoever builds or starts it at the same time sees a whole program.
  const partial = `${output}.${process.pid}`;
  mkdirSync(dirname(output), { recursive: true });
  const { status } = spawnSync(compiler, [...flags, '-o', partial, ...files], { cwd: sources, stdio: 'inherit' });
  if (status === 0) renameSync(partial, output);
  else rmSync(partial, { force: true });
  return status ?? 1;
}

if (!isUpToDate()) {
  const reason = obstacle();
  if (reason === undefined) process.exitCode = compile();
  else console.log(`agent: not built: ${reason}`);
}
