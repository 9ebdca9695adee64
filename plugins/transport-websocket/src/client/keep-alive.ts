import { WebSocket } from 'ws';

export interface KeepAliveOptions {
  /** Shorter than the host waits for a pong, which a paused reader cannot send. */
  readonly pingMs: number;
  /** A host that says nothing for so long is gone. */
  readonly silenceMs: number;
}

/** Shows the host that this side lives, also while it reads nothing, and ends the connection to a host that does not. */
export function keepAlive(socket: WebSocket, { pingMs, silenceMs }: KeepAliveOptions): void {
  let heardAt = performance.now();
  const heard = () => (heardAt = performance.now());
  for (const event of ['ping', 'pong', 'message'] as const) socket.on(event, heard);
  const timer = setInterval(() => {
    if (socket.isPaused) heard();
    else if (performance.now() - heardAt > silenceMs) return socket.terminate();
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  socket.once('close', () => clearInterval(timer));
}
