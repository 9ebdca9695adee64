import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { percentile } from './measure/statistics.ts';

const mebibyte = 1024 * 1024;
const partBytes = mebibyte / 4;

/** Of another process, in MiB. */
function rss(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(found?.[1] ?? 0) / 1024;
}

/** How much more a process came to hold while work was under way. */
async function growth(pid: number, work: () => Promise<unknown>): Promise<number> {
  const before = rss(pid);
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, rss(pid))), 50);
  await work();
  clearInterval(timer);
  return most - before;
}

interface Session {
  readonly client: RemoteClient;
  readonly host: RunningHost;
  readonly sandbox: string;
}

const call = async <T>({ client, sandbox }: Session, operation: string, params: object): Promise<T> =>
  (await client.call(operation, { sandbox, ...params })) as T;

async function upload(session: Session, megabytes: number): Promise<void> {
  const { upload: id } = await call<{ upload: string }>(session, 'files.openUpload', { path: 'large' });
  const content = Buffer.alloc(partBytes, 'soulbox').toString('base64');
  for (let offset = 0; offset < megabytes * mebibyte; offset += partBytes)
    await call(session, 'files.uploadPart', { upload: id, offset, content, encoding: 'base64' });
  await call(session, 'files.commitUpload', { upload: id });
}

async function download({ client, sandbox }: Session): Promise<number> {
  let bytes = 0;
  for await (const item of client.stream('files.download', { sandbox, path: 'large' }))
    if ('event' in item) bytes += Buffer.from((item.event as { content: string }).content, 'base64').length;
  return bytes;
}

/** A process that writes without end, and a reader who stops reading for a while. */
async function pausedReader(session: Session, seconds: number): Promise<void> {
  const { id } = await call<{ id: number }>(session, 'processes.start', { command: 'yes soulbox' });
  const abort = new AbortController();
  const params = { sandbox: session.sandbox, process: id };
  const reading = session.client.stream('processes.attach', params, { signal: abort.signal })[Symbol.asyncIterator]();
  await reading.next();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  await call(session, 'processes.kill', { process: id });
  abort.abort();
  await reading.next().catch(() => undefined);
}

/** Each with a connection of its own: a host answers so many calls of one at a time and no more. */
async function terminals(session: Session, count: number, key: string): Promise<number> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect({ url: session.host.url, key })));
  const ids = await Promise.all(
    clients.map(async (client) => {
      const terminal = { rows: 24, columns: 80 };
      const params = { argv: ['/bin/sh'], terminal };
      return (await call<{ id: number }>({ ...session, client }, 'processes.start', params)).id;
    }),
  );
  const answered = await Promise.all(
    ids.map(async (process, index) => {
      const client = clients[index]!;
      await call({ ...session, client }, 'processes.input', { process, data: 'echo $((6*7)); exit\n' });
      let text = '';
      for await (const item of client.stream('processes.attach', { sandbox: session.sandbox, process }))
        if ('event' in item) text += (item.event as { text?: string }).text ?? '';
      return text.includes('42');
    }),
  );
  await Promise.all(clients.map((client) => client.close()));
  return answered.filter(Boolean).length;
}

/** How many of the files that were made while a folder was watched were told of, without a word of loss. */
async function watched(session: Session, count: number): Promise<number> {
  await call(session, 'files.makeFolder', { path: 'w/deep' });
  const abort = new AbortController();
  const seen = new Set<string>();
  const script = `i=0; while [ $i -lt ${count} ]; do : > w/deep/$i; i=$((i+1)); done`;
  const params = { sandbox: session.sandbox, path: 'w', recursive: true };
  try {
    for await (const item of session.client.stream('files.watch', params, { signal: abort.signal })) {
      const event = 'event' in item ? (item.event as { type: string; path?: string }) : { type: 'end' };
      if (event.type === 'ready') void call(session, 'processes.run', { command: script });
      if (event.type === 'lost') break;
      if (event.type === 'created' && event.path) seen.add(event.path);
      if (seen.size === count) abort.abort();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return seen.size;
}

async function latency(session: Session, times: number): Promise<string> {
  const taken: number[] = [];
  for (let index = 0; index < times; index++) {
    const begun = performance.now();
    await call(session, 'processes.run', { argv: ['/bin/true'] });
    taken.push(performance.now() - begun);
  }
  taken.sort((a, b) => a - b);
  return `p50 ${percentile(taken, 0.5).toFixed(2)} ms, p95 ${percentile(taken, 0.95).toFixed(2)} ms`;
}

/** What 100 MiB of changes take to be kept, and to be made a sandbox of; `made` is told of each that has to be ended. */
async function snapshots(session: Session, times: number, made: string[]): Promise<string> {
  const taken = { kept: [] as number[], restored: [] as number[] };
  const time = async <T>(into: number[], work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    into.push(performance.now() - begun);
    return result;
  };
  const command = 'rm -f large; mkdir s; for i in $(seq 100); do head -c 1048576 /dev/urandom > s/$i; done';
  await call(session, 'processes.run', { command });
  for (let index = 0; index < times; index++) {
    const { id } = await time(taken.kept, () => call<{ id: string }>(session, 'snapshots.create', {}));
    const order = { languages: [], snapshot: id };
    const fork = await time(taken.restored, () => session.client.call('sandboxes.create', order));
    made.push((fork as { id: string }).id);
    await session.client.call('snapshots.delete', { snapshot: id });
  }
  const figure = (times: readonly number[]) => {
    const sorted = times.toSorted((a, b) => a - b);
    return `p50 ${percentile(sorted, 0.5).toFixed(0)} ms, at most ${sorted.at(-1)!.toFixed(0)} ms`;
  };
  return `kept ${figure(taken.kept)}; made a sandbox of ${figure(taken.restored)}`;
}

/** `npm run bench -- live [--megabytes 1024] [--files 10000] [--terminals 100] [--seconds 5]`: sandboxes that stay. */
export async function liveCommand(args: readonly string[]): Promise<number> {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { megabytes: number, files: number, terminals: number, seconds: number },
  });
  const [megabytes, files, shells, seconds] = [
    Number(values.megabytes ?? 1024),
    Number(values.files ?? 10_000),
    Number(values.terminals ?? 100),
    Number(values.seconds ?? 5),
  ];
  const host = await startHost({ yaml: 'sandbox: { ready: 0 }' });
  const client = await connect({ url: host.url, key: host.key! });
  const limits = {
    diskBytes: (megabytes + 64) * mebibyte,
    memoryBytes: 2 * (megabytes + 256) * mebibyte,
    processes: 512,
  };
  const made: string[] = [];
  let isWrong = false;
  const check = (name: string, isRight: boolean, figure: string): void => {
    isWrong ||= !isRight;
    console.log(`${name}: ${figure}${isRight ? '' : ' WRONG'}`);
  };
  try {
    const begun = performance.now();
    const { id: sandbox } = (await client.call('sandboxes.create', { languages: [], limits })) as { id: string };
    made.push(sandbox);
    console.log(`a sandbox is made: ${(performance.now() - begun).toFixed(0)} ms`);
    const session = { client, host, sandbox };
    const pid = host.child.pid!;
    console.log(`a program is run in it: ${await latency(session, 200)}`);
    const paused = await growth(pid, () => pausedReader(session, seconds));
    console.log(`a flood whose reader pauses for ${seconds} s: the host grew by ${paused.toFixed(1)} MiB`);
    const up = await growth(pid, () => upload(session, megabytes));
    console.log(`${megabytes} MiB up: the host grew by ${up.toFixed(0)} MiB`);
    let bytes = 0;
    const down = await growth(pid, async () => (bytes = await download(session)));
    check(`${megabytes} MiB down`, bytes === megabytes * mebibyte, `the host grew by ${down.toFixed(0)} MiB`);
    const answered = await terminals(session, shells, host.key!);
    check(`${shells} terminals at once`, answered === shells, `${answered} answered`);
    const told = await watched(session, files);
    check(`${files} files made in a watched folder`, told === files, `${told} told of`);
    console.log(`100 MiB of changes: ${await snapshots(session, 5, made)}`);
  } finally {
    for (const id of made) await client.call('sandboxes.delete', { id });
    await client.close();
    await host.end('SIGTERM');
    await host.home[Symbol.asyncDispose]();
  }
  return isWrong ? 1 : 0;
}
