import { createWriteStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Extract, Header } from 'tar-stream';

export interface UnpackLimits {
  readonly bytes: number;
  readonly files: number;
}

/** A path inside the folder, or a refusal. @throws dependency_failed */
function inside(name: string): string {
  const path = posix.normalize(name).replace(/\/$/, '');
  if (posix.isAbsolute(path) || path === '..' || path.startsWith('../') || path.includes('\0'))
    throw refused(`an entry leaves it: ${name.slice(0, 200)}`);
  return path;
}

function refused(why: string): SoulboxError {
  return new SoulboxError('dependency_failed', `what was built cannot be kept: ${why}`);
}

/**
 * Unpacks a tar stream that nobody vouches for into an empty folder: files, folders, and symbolic links that stay inside
 * it. Owners, times and all modes but "executable" are forgotten. Returns the bytes of the files.
 * @throws dependency_failed for anything else, or beyond the limits
 */
export async function unpack(tar: AsyncIterable<Uint8Array>, folder: string, limits: UnpackLimits): Promise<number> {
  const { extract } = await import('tar-stream');
  const parser = extract();
  const reading = pipeline(Readable.from(tar, { objectMode: false }), parser);
  // Either may be the first to find that the stream is broken, and leave the other waiting.
  const [bytes] = await Promise.all([keepAll(parser, folder, limits), reading]);
  return bytes;
}

async function keepAll(parser: Extract, folder: string, limits: UnpackLimits): Promise<number> {
  let bytes = 0;
  let files = 0;
  const links = new Set<string>();
  for await (const entry of parser) {
    const { header } = entry;
    const path = inside(header.name);
    files += 1;
    bytes += header.size ?? 0;
    if (files > limits.files) throw refused(`it has more than ${limits.files} files`);
    if (bytes > limits.bytes) throw refused(`it is larger than ${limits.bytes} bytes`);
    refuseThroughLink(path, links);
    if (header.type === 'symlink') links.add(path);
    await keep(header, join(folder, path), path, entry as AsyncIterable<Uint8Array>);
    entry.resume();
  }
  return bytes;
}

/** A link could lead what comes after it elsewhere. */
function refuseThroughLink(path: string, links: ReadonlySet<string>): void {
  for (let parent = path; parent !== '.'; parent = posix.dirname(parent))
    if (links.has(parent)) throw refused(`an entry goes through a link: ${path.slice(0, 200)}`);
}

async function keep(header: Header, target: string, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  if (header.type === 'directory') await mkdir(target, { recursive: true, mode: 0o755 });
  else if (header.type === 'symlink') {
    inside(posix.join(posix.dirname(path), header.linkname ?? '..'));
    if (posix.isAbsolute(header.linkname ?? '/')) throw refused(`a link leaves it: ${path.slice(0, 200)}`);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await symlink(header.linkname ?? '', target);
  } else if (header.type === 'file') {
    const executable = ((header.mode ?? 0) & 0o111) !== 0;
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await pipeline(content, createWriteStream(target, { flags: 'wx', mode: executable ? 0o755 : 0o644 }));
  } else throw refused(`an entry is neither a file, a folder nor a symbolic link: ${path.slice(0, 200)}`);
}
