import { createHmac, timingSafeEqual } from 'node:crypto';

const macBytes = 32;
const timeBytes = 8;
/** What an entry takes besides its value. */
export const sealBytes = macBytes + timeBytes;

/** Makes entries that nobody else can make, change or put under another key, and names of keys that tell nothing. */
export class Seal {
  private readonly signing: Buffer;
  private readonly naming: Buffer;

  constructor(secret: string) {
    const derive = (use: string) => createHmac('sha256', secret).update(`soulbox cache-redis 1 ${use}`).digest();
    this.signing = derive('sign');
    this.naming = derive('name');
  }

  nameOf(key: string): string {
    return createHmac('sha256', this.naming).update(key).digest('base64url');
  }

  /** An entry for a key that is good until a time, in milliseconds since the epoch. */
  close(key: string, value: Uint8Array, until: number): Buffer {
    const body = Buffer.alloc(timeBytes + value.byteLength);
    body.writeDoubleBE(until);
    body.set(value, timeBytes);
    return Buffer.concat([this.mac(key, body), body]);
  }

  /** What was closed under the key, or `undefined` where something else is there. */
  open(key: string, entry: Buffer): { readonly value: Buffer; readonly until: number } | undefined {
    if (entry.length < sealBytes) return undefined;
    const [mac, body] = [entry.subarray(0, macBytes), entry.subarray(macBytes)];
    if (!timingSafeEqual(mac, this.mac(key, body))) return undefined;
    return { value: body.subarray(timeBytes), until: body.readDoubleBE() };
  }

  private mac(key: string, body: Buffer): Buffer {
    const keyBytes = Buffer.from(key);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(keyBytes.length);
    return createHmac('sha256', this.signing).update(length).update(keyBytes).update(body).digest();
  }
}
