import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { isSoulboxError, SoulboxError } from '@soulbox/plugin-sdk';
import { unzipped, zipped } from './zip.ts';

export const archiveFormats = ['tar', 'tar.gz', 'zip'] as const;
export type ArchiveFormat = (typeof archiveFormats)[number];

/** At the pace of whoever reads it; what either side fails with, the reader is told. */
async function* through(content: AsyncIterable<Uint8Array>, transform: Transform): AsyncIterable<Uint8Array> {
  pipeline(Readable.from(content), transform, () => undefined);
  yield* transform as AsyncIterable<Buffer>;
}

export function packed(tar: AsyncIterable<Uint8Array>, format: ArchiveFormat): AsyncIterable<Uint8Array> {
  if (format === 'zip') return zipped(tar);
  return format === 'tar' ? tar : through(tar, createGzip({ level: 1 }));
}

/** Where an archive lies that cannot be unpacked as it comes, and how large it may be. */
export interface Kept {
  readonly file: string;
  readonly mostBytes: number;
}

/** @throws invalid_params for what is not in this format, payload_too_large */
export async function* unpacked(
  content: AsyncIterable<Uint8Array>,
  format: ArchiveFormat,
  { file, mostBytes }: Kept,
): AsyncIterable<Uint8Array> {
  try {
    if (format === 'tar') yield* content;
    else if (format === 'zip') yield* unzipped(content, file, mostBytes);
    else yield* through(content, createGunzip());
  } catch (cause) {
    if (isSoulboxError(cause)) throw cause;
    throw new SoulboxError('invalid_params', `the archive is damaged, or is no ${format}`, { cause });
  }
}
