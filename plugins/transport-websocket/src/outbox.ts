import { WebSocket } from 'ws';

export interface OutboxLimits {
  readonly highWaterBytes: number;
  readonly stalledMs: number;
}

const maxUnreadRefusals = 100;
const tryAgainLater = 1013;

/** What is on its way to one peer. Tells producers when to wait, and drops a peer that does not read. */
export class Outbox {
  private readonly socket: WebSocket;
  private readonly limits: OutboxLimits;
  private readonly onProgress: () => void;
  private waiting: (() => void)[] = [];
  private stall: NodeJS.Timeout | undefined;
  private unreadRefusals = 0;

  /** `onProgress` is called whenever the peer has taken a message. */
  constructor(socket: WebSocket, limits: OutboxLimits, onProgress: () => void) {
    this.socket = socket;
    this.limits = limits;
    this.onProgress = onProgress;
    socket.once('close', () => {
      clearTimeout(this.stall);
      this.wake();
    });
  }

  /** In bytes, this side of the kernel. */
  get buffered(): number {
    return this.socket.bufferedAmount;
  }

  get full(): boolean {
    return this.buffered > this.limits.highWaterBytes;
  }

  private get open(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Resolves when the message was handed to the kernel, or never will be. */
  send(text: string): Promise<void> {
    return new Promise((resolve) => {
      if (!this.open) return resolve();
      this.socket.send(text, () => {
        this.progress();
        resolve();
      });
      if (this.full) this.stall ??= setTimeout(() => this.drop('takes no messages'), this.limits.stalledMs);
    });
  }

  /** Answers what costs the peer nothing to provoke, so a peer must read the answers. */
  refuse(text: string): void {
    if (this.unreadRefusals >= maxUnreadRefusals) return this.drop('does not read its errors');
    this.unreadRefusals++;
    void this.send(text).then(() => this.unreadRefusals--);
  }

  /** Waits for the peer to read. Resolves with whether it is still there. */
  async room(): Promise<boolean> {
    while (this.open && this.full) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.open;
  }

  private progress(): void {
    this.onProgress();
    if (this.full) return void this.stall?.refresh();
    clearTimeout(this.stall);
    this.stall = undefined;
    this.wake();
  }

  private wake(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const resolve of woken) resolve();
  }

  private drop(reason: string): void {
    this.socket.close(tryAgainLater, reason);
    this.wake();
  }
}
