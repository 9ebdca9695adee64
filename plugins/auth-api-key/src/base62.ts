import { randomBytes } from 'node:crypto';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The largest multiple of 62 in a byte: what lies above would make some digits likelier than others. */
const fairBytes = 248;

/** `length` random digits, each with 5.95 bits. */
export function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < fairBytes && text.length < length) text += digits[byte % 62];
    }
  }
  return text;
}

/** An unsigned 32-bit number in six digits. */
export function uint32ToBase62(value: number): string {
  let text = '';
  for (let rest = value; text.length < 6; rest = Math.floor(rest / 62)) text = digits[rest % 62]! + text;
  return text;
}
