import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { randomBase62, uint32ToBase62 } from './base62.ts';

/** A key as its holder has it: `sbx_<id>_<secret>_<checksum>`. */
export interface ApiKey {
  readonly id: string;
  /** The whole key. */
  readonly text: string;
}

const form = /^sbx_([0-9A-Za-z]{12})_([0-9A-Za-z]{32})_([0-9A-Za-z]{6})$/;
const length = 56;

/** Lets scanners for leaked secrets tell a key from chance, and a mistyped key be refused without asking the store. */
function checksum(text: string): string {
  return uint32ToBase62(crc32(text));
}

/** A new key; its secret has 190 random bits. */
export function makeKey(): ApiKey {
  const id = randomBase62(12);
  const body = `sbx_${id}_${randomBase62(32)}`;
  return { id, text: `${body}_${checksum(body)}` };
}

/** The key in a text, or `undefined` where there is none. */
export function readKey(text: string): ApiKey | undefined {
  if (text.length !== length) return undefined;
  const [, id, , sum] = form.exec(text) ?? [];
  if (id === undefined || sum !== checksum(text.slice(0, text.lastIndexOf('_')))) return undefined;
  return { id, text };
}

/** What is kept of a key. No salt or slow hash is needed: there are too many keys to try. */
export function hashKey({ text }: ApiKey): Buffer {
  return createHash('sha256').update(text).digest();
}
