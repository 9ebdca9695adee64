import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { pipeline as pipe, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack, type Extract, type Pack } from 'tar-stream';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ZipFile as NewZip } from 'yazl';
import { SoulboxError } from '@soulbox/plugin-sdk';

const typeBits = 0o170_000;
const linkBits = 0o120_000;
const longestTarget = 4_096;

/** A zip of what a tar holds: files, folders and links, with their permissions. */
export async function* zipped(tar: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const zip = new NewZip();
  const output = zip.outputStream as Readable;
  const entries = extract();
  pipe(Readable.from(tar), entries, () => undefined);
  zip.on('error', (error: Error) => output.destroy(error));
  fillZip(zip, entries).catch((error: Error) => output.destroy(error));
  try {
    yield* output as AsyncIterable<Buffer>;
  } finally {
    // What packs the tar ends with it.
    entries.destroy();
  }
}

async function fillZip(zip: NewZip, entries: Extract): Promise<void> {
  for await (const entry of entries) {
    const { name, type, mode, mtime, linkname } = entry.header;
    const about = { ...(mode === undefined ? {} : { mode }), ...(mtime === undefined ? {} : { mtime }) };
    if (type === 'file') {
      const ended = once(entry, 'end');
      zip.addReadStream(entry as unknown as Readable, name, about);
      await ended;
      continue;
    }
    if (type === 'directory') zip.addEmptyDirectory(name, about);
    else if (type === 'symlink') zip.addBuffer(Buffer.from(linkname ?? ''), name, { ...about, mode: linkBits | 0o777 });
    entry.resume();
  }
  zip.end();
}

/**
 * A tar of what a zip holds. The list of its entries comes last in a zip, so it is kept in `file` meanwhile.
 * @throws payload_too_large where it has over `mostBytes`
 */
export async function* unzipped(
  content: AsyncIterable<Uint8Array>,
  file: string,
  mostBytes: number,
): AsyncIterable<Uint8Array> {
  try {
    await keep(content, file, mostBytes);
    const zip = await openPromise(file);
    try {
      const tar = pack();
      fillTar(zip, tar).catch((error: Error) => tar.destroy(error));
      yield* tar as AsyncIterable<Buffer>;
    } finally {
      zip.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}

async function keep(content: AsyncIterable<Uint8Array>, file: string, mostBytes: number): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (bytes > mostBytes)
      throw new SoulboxError('payload_too_large', `an archive of more than ${mostBytes} bytes`, {
        details: { maximumBytes: mostBytes },
      });
    await handle.write(piece);
  }
}

async function fillTar(zip: ZipFile, tar: Pack): Promise<void> {
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, uncompressedSize: size, externalFileAttributes } = entry;
    const bits = externalFileAttributes >>> 16;
    const about = { name, mtime: entry.getLastModDate() };
    if (name.endsWith('/')) tar.entry({ ...about, type: 'directory', mode: permissions(bits, 0o755) }, '');
    else if ((bits & typeBits) === linkBits)
      tar.entry({ ...about, type: 'symlink', linkname: await target(zip, entry) }, '');
    else {
      const to = tar.entry({ ...about, size, mode: permissions(bits, 0o644) });
      await pipeline(await zip.openReadStreamPromise(entry), to as unknown as Writable);
    }
  }
  tar.finalize();
}

/** Those that were made elsewhere than on Unix have none. */
const permissions = (bits: number, otherwise: number): number => (bits === 0 ? otherwise : bits & 0o777);

async function target(zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > longestTarget) throw new RangeError('a link with a target that is too long');
  const pieces: Buffer[] = [];
  for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
