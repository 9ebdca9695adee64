import { gzipSync } from 'node:zlib';

/** An entry of an archive as `tar` has it, good or not. */
export interface ArchiveEntry {
  readonly name: string;
  readonly content?: string;
  readonly type?: string;
  readonly prefix?: string;
  /** As it stands in the header; by default the length of the content. */
  readonly size?: string;
}

function entryBytes({ name, content = '', type = '0', prefix = '', size }: ArchiveEntry): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(size ?? `${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

/** The bytes of a zipped archive. */
export function archiveBytes(entries: readonly ArchiveEntry[]): Buffer {
  return gzipSync(Buffer.concat([...entries.map(entryBytes), Buffer.alloc(1024)]));
}
