import type { Api, PluginContext } from '@soulbox/plugin-sdk';
import { WebSocketConfigSchema, WebSocketTransport } from '../../src/index.ts';

export interface Logged {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** Keeps what is logged. */
export function recordingLog(): { readonly log: PluginContext['log']; readonly entries: Logged[] } {
  const entries: Logged[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void entries.push({ level, fields, message });
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { log: log as unknown as PluginContext['log'], entries };
}

export interface Served extends AsyncDisposable {
  readonly transport: WebSocketTransport;
  readonly url: string;
  readonly port: number;
  readonly entries: readonly Logged[];
}

/** A transport that serves an Api at a free port. */
export async function serve(api: Api, config: Readonly<Record<string, unknown>> = {}): Promise<Served> {
  const { log, entries } = recordingLog();
  const transport = new WebSocketTransport(api, WebSocketConfigSchema.parse({ port: 0, ...config }), log);
  const { url } = await transport.listen();
  return {
    transport,
    url,
    port: Number(new URL(url).port),
    entries,
    [Symbol.asyncDispose]: () => transport.close({ deadlineMs: 0 }),
  };
}
