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

const common = ['-std=c11', '-pthread', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-Wshadow'];

/** The part of the agent that builds an inner box from within, for the processes of interpreters. */
const libraryParts = [
  ...['box_init', 'box_stages', 'box_walls', 'box_network', 'box_watch', 'box_warm', 'box_files'],
  ...['cgroup', 'description', 'privileges', 'seccomp', 'seccomp_rules', 'system', 'wire'],
];
// Whatever C library the interpreter has, the names are looked up in it: none is linked, and no version asked for.
const libraryFlags = [
  '-O2',
  '-fPIC',
  '-shared',
  '-nostdlib',
  '-fvisibility=hidden',
  '-Wl,-z,relro,-z,noexecstack',
  '-s',
];

const flags = sanitize
  ? ['-fPIE', '-O1', '-g', '-pie', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
  : [
      '-fPIE',
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
  const inputs = [
    fileURLToPath(import.meta.url),
    ...readdirSync(sources, { recursive: true }).map((name) => join(sources, name)),
  ];
  return Math.max(...inputs.map(modified)) < modified(output);
}

function run(options, files, made) {
  return (
    spawnSync(compiler, [...common, ...options, '-o', made, ...files], { cwd: sources, stdio: 'inherit' }).status ?? 1
  );
}

function compile() {
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
  // Renamed into place: whoever builds or starts it at the same time sees a whole program.
  const partial = `${output}.${process.pid}`;
  const library = `${partial}.so`;
  mkdirSync(dirname(output), { recursive: true });
  const status =
    run(libraryFlags, [...libraryParts.map((name) => `${name}.c`), 'library/zygote_library.c'], library) ||
    run([...flags, `-DZYGOTE_LIBRARY_FILE="${library}"`], files, partial);
  if (status === 0) renameSync(partial, output);
  rmSync(partial, { force: true });
  rmSync(library, { force: true });
  return status;
}

if (!isUpToDate()) {
  const reason = obstacle();
  if (reason === undefined) process.exitCode = compile();
  else console.log(`agent: not built: ${reason}`);
}
