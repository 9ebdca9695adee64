import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Initramfs } from './initramfs.ts';

/** Where the repository is in the virtual machine. */
export const guestRepository = '/repository';

const forInit = ['cp', 'cut', 'find', 'mkdir', 'mount', 'setpriv', 'switch_root', 'chown'];
const forPrograms = 'sh bash env cat ls echo true false rm ln touch chmod stat readlink head tail wc sort tr tee grep';
const moreForPrograms = 'sed sleep date id uname seq basename dirname dd df kill mkfifo od timeout yes test printf';
const folders = ['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin'];

/**
 * Writes the initramfs of a machine that has this one's Node, shell and tools, the built SDK and the built Linux
 * driver, and that runs `plan`: lines `check NAME USER SCRIPT [ARGUMENT...]` for the shell.
 */
export function writeGuestImage(file: string, repository: string, scratch: string, plan: string): void {
  const image = new Initramfs(file);
  const here = join(repository, 'test/support/vm');
  image.file('/init', readFileSync(join(here, 'guest-init.sh')), 0o755);
  image.file('/guest-plan', plan);
  for (const name of [...forInit, ...`${forPrograms} ${moreForPrograms}`.split(' ')]) {
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`the virtual machine needs ${name}`);
    image.program(found);
  }
  image.program(realpathSync(process.execPath));
  if (process.execPath !== '/usr/bin/node') image.link('/usr/local/bin/node', realpathSync(process.execPath));
  addCompiler(image, repository, scratch);
  addRepository(image, repository);
  image.finish();
}

/** In the place of a compiler, which would take minutes there: copies the one program that the tests build. */
function addCompiler(image: Initramfs, repository: string, scratch: string): void {
  const probe = join(scratch, 'probe');
  const source = join(repository, 'sdk-plugin/agent/test/support/probe.c');
  execFileSync(process.env['CC'] ?? 'cc', ['-D_GNU_SOURCE', '-std=gnu11', '-O1', '-static', '-s', '-o', probe, source]);
  image.copy('/probe', probe);
  const copy = 'for word; do if [ "${previous-}" = -o ]; then exec cp /probe "$word"; fi; previous=$word; done; exit 1';
  image.file('/usr/bin/cc', `#!/bin/sh\n${copy}\n`, 0o755);
}

function addRepository(image: Initramfs, repository: string): void {
  const wanted = (path: string): boolean => /(\.[cm]?js|\.json|\/soulbox-agent)$/.test(path);
  const own = { 'plugin-sdk': 'sdk-plugin', core: 'core', 'plugin-sandbox-linux': 'plugins/sandbox-linux' };
  const installed = new Set<string>();
  for (const [name, folder] of [...Object.entries(own), ['test', 'test']] as const) {
    const manifest = join(folder, 'package.json');
    image.copy(join(guestRepository, manifest), join(repository, manifest));
    image.link(join(guestRepository, 'node_modules/@soulbox', name), join('../..', folder));
    if (folder !== 'test') addInstalled(join(repository, manifest), repository, installed);
  }
  const built = Object.values(own).map((folder) => join(folder, 'dist'));
  const packages = [...installed].map((name) => join('node_modules', name));
  for (const part of [...built, 'test/dist/support/vm', ...packages])
    image.copy(join(guestRepository, part), join(repository, part), wanted);
}

/** Adds the names of what a package depends on, and of what that depends on, as far as it is not of this repository. */
function addInstalled(manifest: string, repository: string, names: Set<string>): void {
  const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies?: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    const inner = join(repository, 'node_modules', name, 'package.json');
    if (name.startsWith('@soulbox/') || names.has(name) || !existsSync(inner)) continue;
    names.add(name);
    addInstalled(inner, repository, names);
  }
}
