import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeHome, soulbox } from '../support/cli-home.ts';

/** A plugin that describes its settings, made without the SDK. */
function moduleOf(id: string): string {
  const describe = `() => ({ type: 'object', properties: { port: { type: 'integer' } } })`;
  const schema = `{ version: 1, vendor: 't', validate: (value) => ({ value }), jsonSchema: { input: ${describe}, output: ${describe} } }`;
  return `export default { $soulbox: 1, definition: { id: '${id}', config: { '~standard': ${schema} }, setup() {} } };`;
}

describe('soulbox config schema', () => {
  it('describes the file with the settings of its plugins, also where one cannot be loaded or has none', async () => {
    const plugins = {
      known: { package: './known' },
      plain: { package: './plain' },
      absent: { package: './absent' },
      syntax: { package: './syntax' },
    };
    await using home = await makeHome(['store'], { plugins });
    const modules = {
      known: moduleOf('known'),
      plain: `export default { $soulbox: 1, definition: { id: 'plain', setup() {} } };`,
      syntax: 'export default {',
    };
    for (const [id, code] of Object.entries(modules)) {
      const packageJson = { name: id, version: '1.0.0', type: 'module', exports: './index.js', soulbox: { id } };
      await home.file(`${id}/package.json`, JSON.stringify({ ...packageJson, engines: { soulbox: '^1.0.0' } }));
      await home.file(`${id}/index.js`, code);
    }
    const { code, stdout, stderr } = await soulbox(['config', 'schema', '--config', home.config]);
    assert.deepEqual([code, stderr], [0, '']);
    interface Schema {
      readonly properties: Readonly<Record<string, Schema | undefined>>;
      readonly anyOf: readonly Schema[];
    }
    const all = (JSON.parse(stdout) as Schema).properties['plugins']?.properties ?? {};
    const settingsOf = (id: string) => all[id]?.anyOf[1]?.properties['config'];
    assert.deepEqual(settingsOf('known')?.properties['port'], {
      anyOf: [{ type: 'integer' }, { $ref: '#/$defs/secret' }],
    });
    for (const id of ['plain', 'absent', 'syntax']) assert.deepEqual(settingsOf(id), { type: 'object' }, id);
  });

  it('takes no other arguments, and needs a file that can be read', async () => {
    await using home = await makeHome(['store'], { sandbox: { redy: 1 } });
    assert.equal((await soulbox(['config', 'schema', '--port', '1'], { home })).code, 2);
    const { code, stderr } = await soulbox(['config', 'schema', '--config', home.config]);
    assert.equal(code, 125);
    assert.match(stderr, /sandbox\.redy: unknown key/);
  });
});
