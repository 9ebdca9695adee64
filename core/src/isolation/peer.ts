import {
  createJSONRPCErrorResponse,
  createJSONRPCSuccessResponse,
  isJSONRPCRequest,
  isJSONRPCResponse,
  JSONRPCClient,
  JSONRPCServer,
} from 'json-rpc-2.0';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import { decodeError, encodeError, type EncodedError } from './errors.ts';

export type Handler = (params: never) => unknown;

/**
 * One end of a JSON-RPC 2.0 conversation in which both sides call. The messages are objects, so that bytes and
 * `undefined` cross as they are where the channel can carry them.
 */
export class Peer {
  private readonly server = new JSONRPCServer();
  private readonly client: JSONRPCClient;
  private failure: Error | undefined;
  private readonly send: (message: object) => void;
  private nextId = 0;

  constructor(send: (message: object) => void) {
    this.send = send;
    this.client = new JSONRPCClient((message: object) => {
      send(message);
    });
  }

  /** Answers a method. What the handler throws reaches the caller as an error of the same code. */
  on(method: string, handler: Handler): void {
    this.server.addMethodAdvanced(method, async ({ id = null, params }) => {
      try {
        return createJSONRPCSuccessResponse(id, (await handler(params as never)) ?? null);
      } catch (thrown) {
        const { code, message, data } = encodeError(thrown);
        return createJSONRPCErrorResponse(id, code, message, data);
      }
    });
  }

  /**
   * @throws the other side's error; plugin_timeout after `timeoutMs` milliseconds; the reason of {@link close}.
   */
  async call(method: string, params: unknown, timeoutMs?: number): Promise<unknown> {
    this.assertOpen();
    const request = { jsonrpc: '2.0' as const, id: (this.nextId += 1), method, params };
    const answered = Promise.resolve(this.client.requestAdvanced(request));
    const late = () => new SoulboxError('plugin_timeout', `${method} was not answered within ${timeoutMs} ms`);
    const response = await (timeoutMs === undefined ? answered : withDeadline(answered, timeoutMs, late));
    // Pending calls are answered by the library with an error of its own when the conversation ends.
    this.assertOpen();
    const { error, result } = response as { error?: EncodedError; result?: unknown };
    if (!error) return result;
    const thrown: Error = decodeError(error);
    throw thrown;
  }

  private assertOpen(): void {
    if (this.failure) throw this.failure;
  }

  /** Tells the other side something that needs no answer. */
  notify(method: string, params: unknown): void {
    if (!this.failure) this.client.notify(method, params);
  }

  /** Takes a message that came in. What is not JSON-RPC is dropped. */
  receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    if (isJSONRPCResponse(message)) this.client.receive(message);
    else if (isJSONRPCRequest(message)) void this.answer(message);
  }

  private async answer(request: Parameters<JSONRPCServer['receive']>[0]): Promise<void> {
    const response = await this.server.receive(request);
    if (response && !this.failure) this.send(response);
  }

  /** Ends the conversation: calls under way and later ones reject with `reason`. */
  close(reason: Error): void {
    this.failure ??= reason;
    this.client.rejectAllPendingRequests(this.failure.message);
  }
}
