import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestHost, ScriptedLiveDriver, scriptedSandbox } from '@soulbox/plugin-sdk/testing';

const folder = fileURLToPath(new URL('../..', import.meta.url));

for (const isolation of ['inline', 'process'] as const)
  it(`works in sandboxes from a plugin that is ${isolation}`, async () => {
    const driver = new ScriptedLiveDriver();
    const host = await createTestHost({
      plugins: { 'scripted-sandbox': { plugin: scriptedSandbox(driver) }, 'live-files': { folder, isolation } },
    });
    try {
      const { id: sandbox } = (await host.call('sandboxes.create', {})) as { id: string };
      const service = driver.services.get(sandbox)!;
      service.script = (call, why) => {
        if (why !== 'call') return;
        call.data(Buffer.from('hello'));
        call.end();
      };
      assert.deepEqual(await host.call('files.read', { sandbox, path: 'a' }), { content: 'hello', encoding: 'utf8' });
      service.script = (call) => call.fail('not-found', 'no such file');
      await assert.rejects(host.call('files.read', { sandbox, path: 'a' }), { code: 'path_not_found' });
      driver.lose(sandbox);
      await assert.rejects(host.call('files.read', { sandbox, path: 'a' }), { code: /not_found|sandbox_lost/ });
    } finally {
      await host.stop();
    }
  });
