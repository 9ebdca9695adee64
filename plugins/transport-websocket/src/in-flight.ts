import { SoulboxError } from '@soulbox/plugin-sdk';
import type { CallId } from './frame.ts';

/** The calls of one connection that are not answered yet, and how much of it they may take. */
export class InFlight {
  private readonly maxCalls: number;
  private readonly maxBytes: number;
  private readonly byId = new Map<CallId, AbortController>();
  private readonly idleListeners: (() => void)[] = [];
  private calls = 0;
  private bytes = 0;

  /** `maxCalls` run at one time; their messages hold `maxBytes` together. */
  constructor(maxCalls: number, maxBytes: number) {
    this.maxCalls = maxCalls;
    this.maxBytes = maxBytes;
  }

  /** Takes an id into use. @throws invalid_request while an earlier call has it. */
  enter(id: CallId | undefined): AbortController {
    const controller = new AbortController();
    if (id === undefined) return controller;
    if (this.byId.has(id)) {
      throw new SoulboxError('invalid_request', 'an earlier call with this id is not answered yet', {
        details: { id },
      });
    }
    this.byId.set(id, controller);
    return controller;
  }

  leave(id: CallId | undefined): void {
    if (id !== undefined) this.byId.delete(id);
  }

  /** Whether there was such a call. */
  cancel(id: CallId): boolean {
    const controller = this.byId.get(id);
    controller?.abort(new SoulboxError('cancelled', 'the caller cancelled it'));
    return controller !== undefined;
  }

  /** Reserves room for a message of `bytes` and up to `wanted` calls at one time; returns for how many. */
  reserve(wanted: number, bytes: number): number {
    const free = this.bytes + bytes > this.maxBytes ? 0 : Math.min(wanted, this.maxCalls - this.calls);
    if (free > 0) {
      this.calls += free;
      this.bytes += bytes;
    }
    return free;
  }

  /** Gives back what `reserve` gave. */
  release(calls: number, bytes: number): void {
    this.calls -= calls;
    this.bytes -= bytes;
    if (this.calls === 0) for (const listener of this.idleListeners.splice(0)) listener();
  }

  /** Resolves when no call runs. */
  idle(): Promise<void> {
    return this.calls === 0 ? Promise.resolve() : new Promise((resolve) => this.idleListeners.push(resolve));
  }
}
