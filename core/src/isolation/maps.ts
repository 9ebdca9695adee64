import type { ItemCodec } from './streams.ts';
import type { Peer } from './peer.ts';
import { ReferenceTable } from './reference-table.ts';

interface Exported {
  readonly map: ReadonlyMap<string, unknown>;
  sent: ReadonlyMap<string, unknown>;
}

/** Live maps across the bridge: their copies are brought up to date before each call. */
export class Maps {
  private readonly exported = new ReferenceTable<Exported>();
  private readonly copies = new Map<number, Map<string, unknown>>();
  private readonly peer: Peer;
  private readonly codec: ItemCodec;

  constructor(peer: Peer, codec: ItemCodec) {
    this.peer = peer;
    this.codec = codec;
    peer.on('map', ({ ref, entries }: { ref: number; entries: readonly (readonly [string, unknown])[] }) => {
      const copy = this.copies.get(ref);
      copy?.clear();
      for (const [key, value] of entries) copy?.set(key, codec.decode(value));
    });
  }

  export(map: ReadonlyMap<string, unknown>): number {
    return this.exported.keep({ map, sent: new Map(map) });
  }

  import(ref: number, entries: Iterable<readonly [string, unknown]>): ReadonlyMap<string, unknown> {
    const copy = new Map(entries);
    this.copies.set(ref, copy);
    return copy;
  }

  /** Tells the other side what changed in maps of this side. Sent before a call, it arrives before it. */
  sync(): void {
    for (const [ref, kept] of this.exported.entries()) {
      const { map, sent } = kept;
      if (map.size === sent.size && [...map].every(([key, value]) => sent.get(key) === value)) continue;
      kept.sent = new Map(map);
      this.peer.notify('map', { ref, entries: [...map].map(([key, value]) => [key, this.codec.encode(value)]) });
    }
  }
}
