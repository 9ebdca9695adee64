import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { root } from '../support/soulbox.ts';

const examples = join(root, 'examples/plugins');
const command = 'soulbox-plugin';
const program = join(root, 'sdk-plugin/bin/soulbox-plugin.js');
const folders = readdirSync(examples)
  .map((name) => join(examples, name))
  .filter((folder) => existsSync(join(folder, 'package.json')));

describe('the examples pass the check of the SDK', { concurrency: 2 }, () => {
  it('are found', () => assert.ok(folders.length > 0));
  for (const folder of folders) {
    const { name, scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      scripts: { check: string };
    };
    it(name, async () => {
      const [called, ...args] = scripts.check.split(' ');
      assert.equal(called, command);
      const options = ['--timeout', '240'];
      const child = spawn(process.execPath, [program, ...args, ...options], { cwd: folder });
      const exited = once(child, 'exit');
      const printed = await text(child.stdout);
      assert.deepEqual([(await exited)[0], printed.match(/^FAIL.*$/gm)], [0, null], printed);
      assert.match(printed, /^ok: [1-9]\d* passed, 0 failed/m);
    });
  }
});
