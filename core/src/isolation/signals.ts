import type { Peer } from './peer.ts';
import { ReferenceTable } from './reference-table.ts';

/** Abort signals across the bridge. */
export class Signals {
  private readonly exported = new ReferenceTable<() => void>();
  private readonly imported = new Map<number, AbortController>();
  private readonly peer: Peer;

  constructor(peer: Peer) {
    this.peer = peer;
    peer.on('abort', ({ ref }: { ref: number }) => this.imported.get(ref)?.abort());
  }

  get size(): number {
    return this.exported.size + this.imported.size;
  }

  export(signal: AbortSignal): number {
    const listener = () => this.peer.notify('abort', { ref });
    const ref = this.exported.keep(() => signal.removeEventListener('abort', listener));
    signal.addEventListener('abort', listener, { once: true });
    return ref;
  }

  drop(ref: number): void {
    this.exported.drop(ref)?.();
  }

  import(ref: number, aborted: boolean): AbortSignal {
    const controller = new AbortController();
    if (aborted) controller.abort();
    else this.imported.set(ref, controller);
    return controller.signal;
  }

  forget(ref: number): void {
    this.imported.delete(ref);
  }

  /** Whoever waits on the other side's signals need not wait any more. */
  close(): void {
    for (const unlisten of this.exported.dropAll()) unlisten();
    for (const controller of this.imported.values()) controller.abort();
    this.imported.clear();
  }
}
