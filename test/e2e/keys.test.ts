import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { soulbox, type Finished } from '../support/soulbox.ts';

/** Every byte that the host keeps, by file. */
async function kept(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
}

function asker({ home, url }: RunningHost): (key: string, ...args: string[]) => Promise<Finished> {
  return (key, ...args) => soulbox(home, args, { env: { SOULBOX_URL: url, SOULBOX_KEY: key } });
}

describe('keys of a running host', () => {
  it('are made, used and revoked, and kept nowhere but in the hands of their holder', async () => {
    const host = await startHost();
    await using home = host.home;
    const admin = host.key ?? assert.fail('no key was printed');
    const ask = asker(host);
    try {
      const created = await ask(admin, 'keys', 'create', '--name', 'ci', '--scopes', 'host:read', '--json');
      const { id, key } = JSON.parse(created.stdout.toString()) as { id: string; key: string };
      assert.equal((await ask(key, 'host', 'info', '--json')).code, 0);
      const refused = await ask(key, 'keys', 'list', '--json');
      assert.notEqual(refused.code, 0);
      assert.equal((await ask(admin, 'keys', 'revoke', id)).code, 0);
      const late = await ask(key, 'host', 'info', '--json');
      assert.notEqual(late.code, 0);

      const secrets = [admin, key].flatMap((text) => [text, text.split('_')[2] ?? assert.fail('not a key')]);
      const files = await kept(home.folder);
      assert.ok(
        [...files.values()].some((bytes) => bytes.includes(id)),
        'the file with the keys was not looked at',
      );
      for (const secret of secrets) {
        for (const [file, bytes] of files) assert.ok(!bytes.includes(secret), `a key is in ${file}`);
        for (const { stdout, stderr } of [refused, late])
          assert.ok(!stdout.includes(secret) && !stderr.includes(secret));
      }
      // The administrator's key is printed once, by design; nothing else is.
      assert.equal(host.output().split(key).length - 1, 0);
    } finally {
      await host.end('SIGTERM');
    }
  });
});
