import { createHmac, timingSafeEqual } from 'node:crypto';
import { SoulboxError } from '@soulbox/plugin-sdk/errors';
import type { Json } from '@soulbox/plugin-sdk';

/** Where a page ended: the value of the field that orders, `null` where none does, and the id. */
export interface Position {
  readonly sortValue: Json;
  readonly id: string;
}

const macBytes = 16;

/** Makes cursors that only the query they belong to accepts, also after a restart and from another host. */
export class CursorCodec {
  private readonly secret: Buffer;

  constructor(secret: Buffer) {
    this.secret = secret;
  }

  encode(query: string, { sortValue, id }: Position): string {
    const text = Buffer.from(JSON.stringify([sortValue, id]));
    return Buffer.concat([this.mac(query, text), text]).toString('base64url');
  }

  /** @throws invalid_params for anything but an unchanged cursor of the same query. */
  decode(query: string, cursor: string): Position {
    const bytes = Buffer.from(cursor, 'base64url');
    const text = bytes.subarray(macBytes);
    const genuine = bytes.length > macBytes && timingSafeEqual(bytes.subarray(0, macBytes), this.mac(query, text));
    if (!genuine) throw new SoulboxError('invalid_params', 'after: is not a cursor of this query');
    const [sortValue, id] = JSON.parse(text.toString()) as [Json, string];
    return { sortValue, id };
  }

  private mac(query: string, text: Buffer): Buffer {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(query));
    return createHmac('sha256', this.secret).update(length).update(query).update(text).digest().subarray(0, macBytes);
  }
}
