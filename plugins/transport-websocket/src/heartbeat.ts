import { WebSocket } from 'ws';

export interface HeartbeatOptions {
  readonly pingMs: number;
  /** How long a peer may take to show that it lives. */
  readonly pongMs: number;
  /** Whether silence means nothing now, since the ping waits behind other data. */
  readonly excused: () => boolean;
}

/** Finds peers that are gone without a word, and ends their connection. */
export class Heartbeat {
  private readonly socket: WebSocket;
  private readonly options: HeartbeatOptions;
  private readonly pings: NodeJS.Timeout;
  private deadline: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, options: HeartbeatOptions) {
    this.socket = socket;
    this.options = options;
    this.pings = setInterval(() => this.ping(), options.pingMs);
    for (const event of ['ping', 'pong'] as const) socket.on(event, () => this.sign());
    socket.once('close', () => {
      clearInterval(this.pings);
      clearTimeout(this.deadline);
    });
  }

  /** The peer gave a sign of life. */
  sign(): void {
    clearTimeout(this.deadline);
    this.deadline = undefined;
  }

  private ping(): void {
    if (this.deadline || this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.ping();
    this.deadline = setTimeout(() => {
      this.deadline = undefined;
      if (!this.options.excused()) this.socket.terminate();
    }, this.options.pongMs);
  }
}
