import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { needs } from '../support/needs.ts';
import { startHost } from '../support/running-host.ts';
import { descendants, stillThere, untilNone } from './traces.ts';

/** More for a thorough run; each takes about a quarter of a second, most of it the start of a process. */
const reloads = Number(process.env['SOULBOX_TEST_RELOADS'] ?? 60);
const callers = 4;
/** One of each kind: a language, a driver and credentials, inline and in processes of their own. */
const plugins = ['language-python', 'sandbox-linux', 'auth-api-key', 'language-javascript', 'language-typescript'];
const isolated = `
  language-javascript: { isolation: process }
  auth-api-key: { isolation: process }
`;

/** No deadline is tried here, and a busy machine shall not meet one. */
const patient = 'host: { pluginStartMs: 60000, pluginStopMs: 30000 }';

/** What a process holds: memory in bytes, and open descriptors. */
async function holdings(pid: number): Promise<{ readonly rss: number; readonly descriptors: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  return { rss, descriptors: (await readdir(`/proc/${pid}/fd`)).length };
}

/** Callers that run one program after another until they are told to end, and what came of them. */
function startCallers(client: RemoteClient): { end(): Promise<readonly string[]> } {
  const outcomes: string[] = [];
  let ended = false;
  const caller = async (own: number): Promise<void> => {
    for (let n = 0; !ended; n += 1) {
      const text = `${own}-${n}`;
      const python = { language: 'python', code: `print("${text}")` };
      const javascript = { language: 'javascript', code: `console.log("${text}")` };
      try {
        const result = (await client.call('executions.create', own % 2 ? python : javascript)) as ExecutionResult;
        const good = result.verdict === 'ok' && result.stdout === `${text}\n`;
        outcomes.push(good ? 'ok' : `${result.verdict} ${JSON.stringify(result.error)}`);
      } catch (thrown) {
        outcomes.push(String(thrown));
      }
    }
  };
  const all = Promise.all(Array.from({ length: callers }, (_, own) => caller(own)));
  return {
    end: async () => {
      ended = true;
      await all;
      return outcomes;
    },
  };
}

describe('plugins that are reloaded under load', { skip: needs('python3') }, () => {
  it(`${reloads} times: no execution is lost, and the host does not grow`, async (t) => {
    const host = await startHost({ yaml: patient, plugins: isolated });
    await using _home = host.home;
    const client = await connect({ url: host.url, key: host.key! });
    const pid = host.child.pid!;
    const reload = async (n: number) => client.call('plugins.reload', { id: plugins[n % plugins.length] });
    const load = startCallers(client);
    const warmUp = Math.ceil(reloads / 4);
    for (let n = 0; n < warmUp; n += 1) await reload(n);
    const before = await holdings(pid);
    for (let n = warmUp; n < reloads; n += 1) await reload(n);
    const outcomes = await load.end();
    const after = await holdings(pid);
    const sizes = `RSS ${before.rss >> 20} to ${after.rss >> 20} MiB, descriptors ${before.descriptors} to ${after.descriptors}`;
    t.diagnostic(`${reloads} reloads, ${outcomes.length} executions, ${sizes}`);
    assert.ok(outcomes.length > reloads / 2, 'there was no load');
    assert.deepEqual(
      outcomes.filter((outcome) => outcome !== 'ok'),
      [],
    );
    assert.ok(after.rss < before.rss * 1.5 + (64 << 20), sizes);
    assert.ok(after.descriptors < before.descriptors + 32, sizes);
    const { plugins: listed } = (await client.call('plugins.list', {})) as { plugins: { id: string; state: string }[] };
    assert.deepEqual(new Set(listed.map(({ state }) => state)), new Set(['active']));
    await client.close();
    const processes = await descendants(pid);
    assert.equal(await host.end('SIGTERM'), 0);
    assert.deepEqual(await untilNone(() => stillThere(processes)), []);
  });
});
