import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '../needs.ts';

const emulator = 'qemu-system-x86_64';
/** Where a kernel package of Debian is unpacked; `/` when it is installed. */
const kernelRoot = process.env['SOULBOX_TEST_KERNEL'] ?? '/';
const isDemanded = process.env['SOULBOX_TEST_VM'] === '1';

function findKernel(): string | undefined {
  const folder = join(kernelRoot, 'boot');
  try {
    const names = readdirSync(folder).filter((name) => name.startsWith('vmlinuz-'));
    const newest = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
    if (newest === undefined) return undefined;
    accessSync(join(folder, newest), constants.R_OK);
    return join(folder, newest);
  } catch {
    return undefined;
  }
}

/**
 * What to give as a test's `skip`. Unlike other skips for want of a program, CI does not fail because of it, for
 * emulation would use up its time: whoever sets SOULBOX_TEST_VM=1 demands it, and then nothing is skipped.
 */
export function vmSkip(): false | string {
  if (isDemanded) return false;
  if (process.arch !== 'x64') return 'boots a virtual machine only on x86-64';
  if (needs(emulator) !== false || findKernel() === undefined)
    return `a virtual machine is not demanded: SOULBOX_TEST_VM=1 with ${emulator} and a Linux kernel in /boot`;
  return 'a virtual machine is not demanded: SOULBOX_TEST_VM=1';
}

/**
 * Boots a kernel with nothing but an initramfs, without network and by emulation alone, until it restarts itself.
 * @returns what it wrote to its serial console. @throws when qemu or a kernel is missing, or it outlives `withinMs`.
 */
export async function bootVirtualMachine(initramfs: string, withinMs: number): Promise<string> {
  const kernel = findKernel();
  if (kernel === undefined) throw new Error(`no kernel in ${join(kernelRoot, 'boot')}`);
  const child = spawn(
    emulator,
    [
      ...['-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', '5120', '-nic', 'none', '-no-reboot', '-nographic'],
      ...['-monitor', 'none', '-serial', 'stdio', '-kernel', kernel, '-initrd', initramfs],
      ...['-append', 'console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/init mitigations=off'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: withinMs, killSignal: 'SIGKILL' },
  );
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  let console = '';
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => (console += chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  process.off('exit', end);
  if (code !== 0) throw new Error(`the virtual machine ended with ${code ?? signal}:\n${console.slice(-4000)}`);
  return console.replaceAll('\r', '');
}
