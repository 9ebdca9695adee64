import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { startHost } from '../support/running-host.ts';
import { root, soulbox } from '../support/soulbox.ts';

/** `soulbox start` as a new user meets it. */
describe('soulbox start', () => {
  it('comes up, proves each language, prints a key once and stops in order', async () => {
    const first = await startHost({ languages: 'all' });
    try {
      assert.match(first.output(), /sandbox-linux\s+1\.\d+\.\d+\s+active\s+\d+ ms/);
      for (const language of ['python', 'javascript', 'typescript']) {
        const tried = new RegExp(`^ {2}${language}\\s.*$`, 'm');
        // Languages are tried while the host serves already.
        while (!tried.test(first.output())) await sleep(50);
        assert.match(first.output(), new RegExp(`${language}\\s+\\d[\\d.]* +canary ok`));
      }
      assert.match(first.output(), /enforces: (standard|strong)/);
      assert.match(first.url, /^ws:\/\/127\.0\.0\.1:\d+\/rpc$/);
      assert.ok(first.key, 'a first start prints a key');

      const line = /SOULBOX_KEY=(\S+) npx soulbox run examples\/hello\.py/.exec(first.output());
      assert.equal(line?.[1], first.key, 'the line to copy holds the key');
      const copied = await soulbox(first.home, ['run', 'examples/hello.py', '--json'], {
        env: { SOULBOX_KEY: first.key, SOULBOX_URL: first.url },
      });
      assert.equal((JSON.parse(copied.stdout.toString()) as ExecutionResult).verdict, 'ok');
      const listed = await soulbox(first.home, ['executions', '--json'], {
        env: { SOULBOX_KEY: first.key, SOULBOX_URL: first.url },
      });
      assert.equal(
        (JSON.parse(listed.stdout.toString()) as { executions: unknown[] }).executions.length,
        1,
        'it ran on the host that was named',
      );

      const wrong = await soulbox(first.home, ['plugins'], {
        env: { SOULBOX_KEY: 'sbx_wrong', SOULBOX_URL: first.url },
      });
      assert.equal(wrong.code, 125);
      assert.match(wrong.stderr.toString(), /unauthenticated/);
    } finally {
      assert.equal(await first.end('SIGTERM'), 0);
    }
    assert.match(first.output(), /stopped\n$/);

    const second = await startHost({ home: first.home });
    assert.equal(second.key, undefined, 'a key is shown only once');
    assert.equal(await second.end('SIGINT'), 0);
    await first.home[Symbol.asyncDispose]();
  });

  it('serves the example of a configuration file with its plugin', async () => {
    const plugin = join(root, 'examples/plugins/house-rules');
    const host = await startHost({
      plugins: `  house-rules: { package: '${plugin}', config: { maxWallMs: 700, bannedWords: [cryptominer] } }\n`,
    });
    const env = { SOULBOX_KEY: host.key, SOULBOX_URL: host.url };
    const call = async (...args: string[]) => soulbox(host.home, args, { env });
    try {
      const plugins = JSON.parse((await call('plugins', '--json')).stdout.toString()) as {
        plugins: { id: string; state: string }[];
      };
      assert.equal(plugins.plugins.find((p) => p.id === 'house-rules')?.state, 'active');
      const vetoed = await call('executions', 'create', '--language', 'python', '--code', '# cryptominer');
      assert.equal(vetoed.code, 125);
      assert.match(vetoed.stderr.toString(), /execution_vetoed: the house rules do not allow "cryptominer"/);
      const capped = JSON.parse(
        (
          await call('executions', 'create', '--language', 'python', '--code', 'import time; time.sleep(30)', '--json')
        ).stdout.toString(),
      ) as ExecutionResult;
      assert.equal(capped.verdict, 'timeout', 'the plugin capped the time');
    } finally {
      await host.end('SIGTERM');
      await host.home[Symbol.asyncDispose]();
    }
  });

  it('finds nothing wrong with the example file', async () => {
    const host = await startHost();
    const { code, stdout } = await soulbox(host.home, [
      'config',
      'check',
      '--config',
      join(root, 'examples/self-hosting/soulbox.yaml'),
    ]);
    await host.end('SIGTERM');
    assert.equal(code, 0);
    assert.match(stdout.toString(), /the configuration is good/);
    await host.home[Symbol.asyncDispose]();
  });

  it('refuses to start without what is required, and names it', async () => {
    await assert.rejects(
      startHost({ plugins: '  auth-api-key: { config: { nonsense: true } }\n' }),
      /plugin auth-api-key .*soulbox\.yaml:\d+.* is required.*nonsense/s,
    );
    await assert.rejects(startHost({ plugins: '  storage-sqlite: false\n' }), /store/);
  });

  it('keeps everything that it stores from other users', async () => {
    const host = await startHost();
    await host.end('SIGTERM');
    const { mode } = await stat(join(host.home.folder, '.local/share/soulbox'));
    assert.equal(mode & 0o077, 0);
    await host.home[Symbol.asyncDispose]();
  });
});
