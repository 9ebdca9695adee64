// Runs a Python program on a SoulBox host and shows its output while it runs. Needs only the package `ws`.
import { WebSocket } from 'ws';

const url = process.env['SOULBOX_URL'] ?? 'ws://127.0.0.1:7070/rpc';
const key = process.env['SOULBOX_KEY'] ?? '';

const code = `
import time
for n in range(3):
    print("line", n, flush=True)
    time.sleep(0.1)
`;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly type: string; readonly data: string; readonly encoding?: 'base64' };
  readonly result?: { readonly verdict: string; readonly usage: { readonly wallMs: number } };
  readonly error?: { readonly code: number; readonly message: string; readonly data: { readonly advice: string } };
}

const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });

socket.on('open', () => {
  const params = { language: 'python', code, stream: true };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'executions.create', params }));
});

socket.on('message', (data: Buffer) => {
  const { id, method, params, result, error } = JSON.parse(data.toString()) as Message;
  if (method === 'executions.event' && (params?.type === 'stdout' || params?.type === 'stderr')) {
    const { type, data: text, encoding } = params;
    process[type].write(encoding === 'base64' ? Buffer.from(text, 'base64') : text);
  }
  if (id !== 1) return;
  if (result) console.log(`verdict: ${result.verdict} after ${Math.round(result.usage.wallMs)} ms`);
  if (error) console.error(`${error.message} (${error.code}). ${error.data.advice}`);
  process.exitCode = result?.verdict === 'ok' ? 0 : 1;
  socket.close();
});

socket.on('error', (error) => {
  console.error(`cannot use ${url}: ${error.message}`);
  process.exitCode = 1;
});
