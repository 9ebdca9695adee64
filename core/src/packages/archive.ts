import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { SoulboxError } from '@soulbox/plugin-sdk';

const block = 512;
const largestBytes = 256 * 1024 * 1024;
const types = { file: '0', oldFile: '\0', longName: 'L', extended: 'x' } as const;

interface Entry {
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
}

/** A packed package, read without unpacking it. */
export interface Archive {
  /** As it stands in the file, not checked. */
  readonly packageJson: unknown;
  /** Paths within the package. */
  readonly files: readonly string[];
}

function refused(why: string, cause?: unknown): SoulboxError {
  return new SoulboxError('package_refused', `the archive of the package ${why}`, { cause });
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\0.*$/s, '');
}

/** The path that an extended header (`27 path=package/…\n`) has for the entry after it. */
function extendedPath(records: string): string | undefined {
  return /^\d+ path=(.*)$/m.exec(records)?.[1];
}

function* entriesOf(bytes: Buffer): Generator<Entry> {
  let longPath: string | undefined;
  for (let at = 0; at + block <= bytes.length && bytes[at] !== 0;) {
    const header = bytes.subarray(at, at + block);
    const size = Number.parseInt(text(header.subarray(124, 136)).trim(), 8);
    const end = at + block + size;
    if (!(end <= bytes.length)) throw refused('is cut off or damaged');
    const content = bytes.subarray(at + block, end);
    const type = String.fromCharCode(header[156] ?? 0);
    at = at + block + Math.ceil(size / block) * block;
    if (type === types.longName) longPath = text(content);
    else if (type === types.extended) longPath = extendedPath(content.toString('utf8'));
    else {
      const prefix = text(header.subarray(345, 500));
      const short = text(header.subarray(0, 100));
      yield { path: longPath ?? (prefix ? `${prefix}/${short}` : short), type, content };
      longPath = undefined;
    }
  }
}

async function unzipped(file: string): Promise<Buffer> {
  const bytes = await readFile(file);
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: largestBytes });
  } catch (cause) {
    throw refused(`cannot be read: ${(cause as Error).message}`, cause);
  }
}

/** Reads a package as `npm pack` makes it. @throws package_refused for one that is damaged or reaches outside itself. */
export async function readArchive(file: string): Promise<Archive> {
  const files = new Map<string, Buffer>();
  for (const { path, type, content } of entriesOf(await unzipped(file))) {
    const segments = path.split('/');
    if (path.startsWith('/') || segments.includes('..')) throw refused(`reaches outside itself: ${path}`);
    if (type === types.file || type === types.oldFile) files.set(segments.slice(1).join('/'), content);
  }
  const packageJson = files.get('package.json');
  if (!packageJson) throw refused('has no package.json');
  try {
    return { packageJson: JSON.parse(packageJson.toString('utf8')) as unknown, files: [...files.keys()] };
  } catch (cause) {
    throw refused('has a package.json that is not JSON', cause);
  }
}
