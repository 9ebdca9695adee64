import { execFile } from 'node:child_process';
import { SoulboxError } from '@soulbox/plugin-sdk';

// None of a package's own code is run, and nothing but what was asked for is fetched.
const flags = ['--ignore-scripts', '--json', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=silent'];
const timeoutMs = 10 * 60_000;

export interface NpmOptions {
  /** The folder that npm works in. Settings of a project around it do not count, those of the user do. */
  readonly prefix: string;
  readonly signal?: AbortSignal | undefined;
}

/** What npm says went wrong, on standard output as `--json` asks, or anything else that it printed. */
function complaint(stdout: string, fallback: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error: { code: string; summary: string } };
    return `${error.code}: ${error.summary}`;
  } catch {
    return fallback;
  }
}

function failure(error: Error, stdout: string): SoulboxError {
  const { code, killed } = error as Error & { code?: string | number; killed?: boolean };
  if (code === 'ENOENT') return new SoulboxError('npm_missing', 'the program npm is not on the PATH', { cause: error });
  if (code === 'ABORT_ERR') return new SoulboxError('cancelled', 'stopped before it was done', { cause: error });
  const why = killed === true ? `no end within ${timeoutMs} ms` : complaint(stdout, error.message);
  return new SoulboxError('package_unavailable', `npm: ${why}`, { cause: error });
}

/** Runs npm and resolves with what it printed. @throws npm_missing, package_unavailable, cancelled */
export function npm(args: readonly string[], { prefix, signal }: NpmOptions): Promise<string> {
  // Where coverage is measured, npm's own is of no interest.
  const env = { ...process.env, NODE_V8_COVERAGE: undefined };
  const options = { cwd: prefix, env, signal, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile('npm', [...args, `--prefix=${prefix}`, ...flags], options, (error, stdout) => {
      if (error) reject(failure(error, stdout));
      else resolve(stdout);
    });
  });
}
