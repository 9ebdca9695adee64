import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigDocument } from '../../src/config/document.ts';
import { failure } from '../support/expect.ts';

const parse = (text: string) => parseConfigDocument('a.yaml', text);
const refused = (text: string, ...patterns: RegExp[]) =>
  assert.throws(() => parse(text), failure('config_invalid', /^a\.yaml/, ...patterns));

test('YAML and JSON are read as data', () => {
  assert.deepEqual(parse('host:\n  drainMs: 5 # comment\n').value, { host: { drainMs: 5 } });
  assert.deepEqual(parse('{"host": {"drainMs": 5}}').value, { host: { drainMs: 5 } });
  assert.deepEqual(parse('a: no\nb: 012\nc: 0o14\nd: 2020-01-01').value, { a: 'no', b: 12, c: 12, d: '2020-01-01' });
});

test('an empty file is a configuration that says nothing', () => {
  for (const text of ['', '# only a comment\n', '---\n', 'null']) assert.deepEqual(parse(text).value, {});
});

test('every setting is found by its line, one that is missing by its nearest parent', () => {
  const { line } = parse(
    '# first\nhost:\n  drainMs: 5\nplugins:\n  a:\n    config:\n      list:\n        - x\n        - y: 1\n',
  );
  const lines: Record<string, number> = {
    host: 2,
    'host.drainMs': 3,
    'host.logLevel': 2,
    'plugins.a': 5,
    'plugins.a.config.list.1': 9,
    'plugins.a.config.list.1.y': 9,
    'plugins.b.config': 4,
    nothing: 1,
  };
  for (const [path, expected] of Object.entries(lines)) assert.equal(line(path.split('.')), expected, path);
});

test('what is not well-formed is refused with its line and column', () => {
  refused('a: [1, 2\nb: 3', /line 2, column 1/);
  refused('a: 1\na: 2', /unique at line 2, column 1/);
  refused('a: "x', /line 1/);
  refused('a: 1\n---\nb: 2', /multiple documents.*line 2/);
  refused('? [1, 2]\n: 3', /keys must be strings/);
});

test('what is not a map of settings is refused', () => {
  for (const text of ['- a', 'text', '5', 'true']) refused(text, /must be a map of settings/);
});

test('keys that reach prototypes are refused with their place', () => {
  refused('{"__proto__": {"polluted": 1}}', /a\.yaml:1: __proto__: this key is not allowed/);
  refused('host:\n  drainMs: 1\n  constructor:\n    prototype: 1', /a\.yaml:3: host\.constructor/);
  refused(
    'plugins:\n  a:\n    config:\n      list: [{prototype: 1}]',
    /a\.yaml:4: plugins\.a\.config\.list\.0\.prototype/,
  );
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('tags that ask for code are refused, not run and not taken for text', () => {
  refused('a: !!js/function "function () { process.exit(1) }"', /Unresolved tag/);
  refused('a: !!python/object/apply:os.system ["id"]', /Unresolved tag/);
});

test('aliases are followed, but not into themselves, into nothing, or without end', () => {
  assert.deepEqual(parse('a: &x {b: 1}\nc: *x').value, { a: { b: 1 }, c: { b: 1 } });
  refused('a: &x\n  b: *x', /a: is nested more than 100 deep/);
  refused('&x {b: *x}', /b: is nested more than 100 deep/);
  refused('a: &x [*x, *x]', /nested/);
  refused('a: *nowhere', /Unresolved alias/);
  refused('*nowhere', /Unresolved alias/);
  const levels = Array.from({ length: 12 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`);
  refused(['l0: &l0 [lol]', ...levels].join('\n'), /Excessive alias count/);
});

test('nesting without end is refused, however it is written', () => {
  for (const opening of ['[', '{a: ', '- ', '? ', '{[', '[? '])
    refused(`a:\n ${opening.repeat(50_000)}`, /nested more than 100 deep/);
  const steps = Array.from({ length: 500 }, (_, n) => `${' '.repeat(n)}a:`);
  refused(steps.join('\n'), /nested more than 100 deep/);
  refused(`a: ${'['.repeat(150)}${']'.repeat(150)}`, /nested more than 100 deep/);
  refused(JSON.stringify({ a: JSON.parse(`${'{"b":'.repeat(150)}1${'}'.repeat(150)}`) as unknown }), /nested/);
});

test('a merge key of old YAML is a key like any other', () => {
  assert.deepEqual(parse('a: &x {b: 1}\nc: {<<: *x}').value, { a: { b: 1 }, c: { '<<': { b: 1 } } });
});
