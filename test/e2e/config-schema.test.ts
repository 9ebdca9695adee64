import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { makeHome, root } from '../support/soulbox.ts';

const command = join(root, 'config/bin/soulbox.js');
const checkedIn = join(root, 'config/soulbox.schema.json');
const anew = 'node config/bin/soulbox.js config schema --config config/default.yaml > config/soulbox.schema.json';

async function schemaFor(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'config', 'schema', '--config', file]);
  return stdout;
}

function validatorOf(schema: string): (text: string) => string {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, validateFormats: false });
  const validate = ajv.compile(JSON.parse(schema) as object);
  return (text) => (validate(parse(text)) ? '' : ajv.errorsText(validate.errors));
}

describe('the JSON Schema of the configuration file', () => {
  it('is checked in as the default configuration has it', async () => {
    const made = await schemaFor(join(root, 'config/default.yaml'));
    assert.ok(made === (await readFile(checkedIn, 'utf8')), `it is out of date; make it anew: ${anew}`);
  });

  it('accepts the files of this repository, and secrets in the place of values', async () => {
    const check = validatorOf(await readFile(checkedIn, 'utf8'));
    for (const file of ['config/default.yaml', 'examples/self-hosting/soulbox.yaml'])
      assert.equal(check(await readFile(join(root, file), 'utf8')), '', file);
    for (const good of [
      '{}',
      'plugins: { transport-websocket: { config: { port: 7171 } }, language-typescript: false }',
      'plugins: { transport-websocket: { config: { host: { $env: HOST } } } }',
      'host: { dataDir: { $file: folder.txt } }',
      'plugins: { of-a-stranger: { package: ./x, config: { anything: [1] } }, "language-python:old": false }',
    ])
      assert.equal(check(good), '', good);
  });

  it('refuses mistakes', async () => {
    const check = validatorOf(await readFile(checkedIn, 'utf8'));
    for (const bad of [
      'extends: all',
      'hosts: {}',
      'host: { drainMs: soon }',
      'host: { drainMs: 0 }',
      'host: { dataDir: { $env: A, $file: b } }',
      'sandbox: { minimum: none }',
      'executions: { limits: { wallMs: -1 } }',
      'plugins: { transport-websocket: { config: { port: 65536 } } }',
      'plugins: { transport-websocket: { config: { prot: 1 } } }',
      'plugins: { language-python: { config: { command: [python3] } } }',
      'plugins: { of-a-stranger: {} }',
      'plugins: { of-a-stranger: true }',
      'plugins: { Upper: { package: x } }',
      'plugins: { x: { package: x, isolation: thread } }',
    ])
      assert.notEqual(check(bad), '', bad);
  });

  it('knows plugins of others, inline and isolated, and is lax where one cannot be loaded', async () => {
    await using home = await makeHome();
    const folder = join(root, 'plugins/language-python');
    const text = `extends: none
plugins:
  own: { package: ${folder}, isolation: process }
  beside: { package: ${folder}, isolation: inline }
  missing: { package: ./missing }
`;
    const file = join(home.folder, 'own.yaml');
    await writeFile(file, text);
    const check = validatorOf(await schemaFor(file));
    assert.equal(check(text), '');
    assert.equal(check('plugins: { missing: { config: { anything: 1 } } }'), '');
    for (const id of ['own', 'beside']) {
      assert.equal(check(`plugins: { ${id}: { config: { packages: true } } }`), '');
      assert.notEqual(check(`plugins: { ${id}: { config: { packages: maybe } } }`), '');
    }
  });
});
