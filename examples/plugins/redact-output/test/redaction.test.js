import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../index.js';
import { compile, Redactor } from '../redactor.js';

/** Redacts a text that comes in pieces. @param {import('../redactor.js').Patterns} patterns @param {readonly string[]} pieces */
function redact(patterns, pieces, replacement = '#') {
  const redactor = new Redactor(patterns, Buffer.from(replacement));
  const shown = pieces.map((piece) => redactor.push(Buffer.from(piece), false).toString());
  return { shown: [...shown, redactor.push(Buffer.alloc(0), true).toString()], held: redactor.held.length };
}

test('a secret is found wherever the pieces are cut', () => {
  const patterns = compile(['hunter2', 'hunt', 'übel!'], ['AK##**']);
  const text = 'hunter2 hunter hunt hun AK12-xy AK1x übel! und AK00__z hu';
  const whole = '# #er # hun #y AK1x # und #z hu';
  for (let first = 0; first <= text.length; first += 1) {
    for (let second = first; second <= text.length; second += 1) {
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      assert.equal(redact(patterns, pieces).shown.join(''), whole, `cut at ${first} and ${second}`);
    }
  }
});

test('it hides what a search for every pattern hides, byte for byte', () => {
  for (let round = 0; round < 300; round += 1) {
    const word = () => Array.from({ length: 2 + randomInt(4) }, () => 'ab'[randomInt(2)]).join('');
    const secrets = [word(), word(), word()];
    const text = Array.from({ length: 60 }, () => 'abc'[randomInt(3)]).join('');
    const hidden = Array.from(text, (_, at) =>
      secrets.some((secret) =>
        Array.from({ length: secret.length }, (__, back) => at - back).some(
          (from) => from >= 0 && text.startsWith(secret, from),
        ),
      ),
    );
    const expected = Array.from(text, (character, at) => (hidden[at] ? '#' : character)).join('');
    const pieces = text.match(/.{1,7}/g) ?? [];
    const { shown } = redact(compile(secrets, []), pieces);
    assert.equal(shown.join(''), expected.replace(/#+/g, '#'), JSON.stringify({ secrets, text }));
  }
});

test('only what may become a secret is held back', () => {
  const { shown, held } = redact(compile(['password'], []), ['name? pass', 'port? ']);
  assert.deepEqual(shown, ['name? ', 'passport? ', '']);
  assert.equal(held, 0);
});

test('the last bytes of bit words work as the others do', () => {
  const secrets = Array.from({ length: 32 }, (_, n) => String.fromCharCode(97 + (n % 26)).repeat(31 + n));
  for (const secret of secrets) assert.equal(redact(compile(secrets, []), [`<${secret}>`]).shown.join(''), '<#>');
});

test('a program shows no secret: neither in events, nor in the answer, nor where the source does not compile', async (t) => {
  const config = { secrets: ['hunter2', 'malformed'] };
  const host = await createTestHost({ plugins: { 'redact-output': { plugin, config } } });
  t.after(() => host.stop());
  const code = 'bytes 68756e\nbytes 74657232\nerr hunter2\nout then hun';
  const items = [];
  for await (const item of host.stream('executions.create', { language: 'script', code, stream: true }))
    items.push(item);
  const { result } = /** @type {{ result: import('@soulbox/plugin-sdk').ExecutionResult }} */ (items.at(-1));
  assert.equal(result.stdout, '[redacted]then hun\n');
  assert.equal(result.stderr, '[redacted]\n');
  assert.doesNotMatch(JSON.stringify(items), /hunter2/);
  const broken = await host.call('executions.create', { language: 'script', code: 'malformed' });
  assert.match(JSON.stringify(broken), /:1:1: \[redacted\]\\n/);
});
