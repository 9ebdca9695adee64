import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needs } from '../support/needs.ts';
import { startHost } from '../support/running-host.ts';
import { descendants, stillThere, untilNone } from './traces.ts';

const isolated = ['language-python', 'auth-api-key', 'storage-sqlite', 'sandbox-linux'];

describe('a host whose plugins have processes of their own', { skip: needs('python3') }, () => {
  it('leaves none of them behind when it is killed', async () => {
    const entries = isolated.map((id) => `  ${id}: { isolation: process }`);
    const host = await startHost({ plugins: entries.join('\n') });
    await using _home = host.home;
    const processes = await descendants(host.child.pid!);
    await host.end('SIGKILL');
    assert.ok(processes.length >= isolated.length, processes.join('\n'));
    assert.deepEqual(await untilNone(() => stillThere(processes)), []);
  });
});
