import { violation } from './violation.ts';

export interface Field {
  readonly tag: number;
  readonly value: Buffer;
}

const headerBytes = 5;

/** Encodes `u8 tag | u32 length | bytes` for each. */
export function encodeFields(fields: readonly (readonly [tag: number, value: Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [tag, value] of fields) {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(tag, 0);
    header.writeUInt32LE(value.length, 1);
    parts.push(header, value);
  }
  return Buffer.concat(parts);
}

/** @throws agent_protocol where a length leaves the payload. */
export function* decodeFields(payload: Buffer): Generator<Field, void, undefined> {
  for (let at = 0; at < payload.length;) {
    if (payload.length - at < headerBytes) throw violation('a cut field');
    const start = at + headerBytes;
    const end = start + payload.readUInt32LE(at + 1);
    if (end > payload.length) throw violation('a field longer than its frame');
    yield { tag: payload.readUInt8(at), value: payload.subarray(start, end) };
    at = end;
  }
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** `value` is a non-negative safe integer. */
export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** @throws agent_protocol unless `bytes` holds exactly `width` bytes and a number that JavaScript can hold exactly. */
export function readUnsigned(bytes: Buffer, width: 1 | 2 | 4 | 8, name: string): number {
  if (bytes.length !== width) throw violation(`${name} of ${bytes.length} bytes`);
  if (width < 8) return bytes.readUIntLE(0, width);
  const value = bytes.readBigUInt64LE();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw violation(`${name} out of range`);
  return Number(value);
}
