import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optional, token, tokens, type AnyRequirement, type AnyToken } from '@soulbox/plugin-sdk';
import { buildGraph, type GraphNode } from '../../src/plugins/graph.ts';
import { failure } from '../support/expect.ts';

const A = token('a', '1.0.0');
const B = token('b', '1.0.0');
const Many = tokens('many', '1.0.0');

/** A plugin `id`, named in line `line` of the configuration. */
function node(id: string, line: number, requires: AnyRequirement[], provides: AnyToken[] = []): GraphNode {
  const definition = { id, provides, requires: Object.fromEntries(requires.entries()), setup: () => {} };
  return { id, definition, where: `soulbox.yaml:${line}` };
}

function assertFails(graph: ReturnType<typeof buildGraph>, id: string, ...expected: Parameters<typeof failure>): void {
  failure(...expected)(graph.errors.get(id));
}

test('plugins start after what they need, those of one level together, in their order', () => {
  const nodes = [node('user', 1, [A, B]), node('b', 2, [A], [B]), node('x', 3, []), node('a', 4, [], [A])];
  const graph = buildGraph(nodes, []);
  assert.deepEqual(graph.levels, [['x', 'a'], ['b'], ['user']]);
  assert.deepEqual([graph.errors.size, graph.needed.get('user')], [0, ['a', 'b']]);
});

test('what the host provides need not be provided', () => {
  const graph = buildGraph([node('user', 1, [A])], [A]);
  assert.deepEqual([graph.levels, graph.errors.size], [[['user']], 0]);
});

test('a capability that nobody provides is refused, naming who wants it and where', () => {
  const graph = buildGraph([node('user', 7, [A]), node('x', 8, [])], []);
  assertFails(graph, 'user', 'capability_missing', /user \(soulbox\.yaml:7\)/, /a@1\.0\.0/);
  assert.deepEqual(graph.levels, [['x']]);
});

test('a plugin cannot serve itself', () => {
  assertFails(buildGraph([node('user', 1, [A], [A])], []), 'user', 'capability_missing', /no other plugin provides/);
});

test('an older minor version does not do, and both plugins are named', () => {
  const graph = buildGraph([node('user', 1, [token('a', '1.3.7')]), node('old', 2, [], [token('a', '1.2.9')])], []);
  const patterns = [/user \(soulbox\.yaml:1\)/, /old \(soulbox\.yaml:2\) provides only 1\.2\.9/];
  assertFails(graph, 'user', 'capability_missing', ...patterns);
  assert.deepEqual(graph.levels, [['old']]);
});

test('a newer minor or an older patch version does, another major is another capability', () => {
  const offers = (version: string) => [node('new', 2, [], [token('a', version)])];
  const user = node('user', 1, [token('a', '1.3.7')]);
  for (const version of ['1.3.0', '1.4.0']) assert.equal(buildGraph([user, ...offers(version)], []).errors.size, 0);
  assertFails(buildGraph([user, ...offers('2.3.7')], []), 'user', 'capability_missing', /no other plugin provides/);
});

test('of two providers the first stays, the second is refused, and both are named', () => {
  const graph = buildGraph([node('user', 1, [A]), node('first', 2, [], [A]), node('second', 3, [], [A])], []);
  const patterns = [/first \(soulbox\.yaml:2\)/, /second \(soulbox\.yaml:3\)/];
  assertFails(graph, 'second', 'capability_conflict', ...patterns);
  assert.deepEqual([graph.errors.size, graph.levels], [1, [['first'], ['user']]]);
  assert.deepEqual(graph.needed.get('user'), ['first']);
});

test('nobody replaces what the host provides', () => {
  const graph = buildGraph([node('usurper', 4, [], [A])], [A]);
  assertFails(graph, 'usurper', 'capability_conflict', /core \(the host\)/, /usurper \(soulbox\.yaml:4\)/);
});

test('a plugin that is refused for two reasons says the first', () => {
  const graph = buildGraph([node('first', 1, [], [A]), node('second', 2, [B], [A])], []);
  assertFails(graph, 'second', 'capability_conflict', /second/);
});

test('any number provide a many token; who wants them starts after them, and also without any', () => {
  const nodes = [node('user', 1, [Many]), node('x', 2, [], [Many]), node('y', 3, [], [Many])];
  assert.deepEqual(buildGraph(nodes, []).levels, [['x', 'y'], ['user']]);
  const alone = buildGraph([node('user', 1, [Many])], []);
  assert.deepEqual([alone.levels, alone.errors.size], [[['user']], 0]);
});

test('an optional capability is waited for where it is provided', () => {
  const graph = buildGraph([node('user', 1, [optional(A)]), node('a', 2, [], [A])], []);
  assert.deepEqual([graph.levels, graph.needed.get('user')], [[['a'], ['user']], []]);
  assert.deepEqual(buildGraph([node('user', 1, [optional(A)])], []).levels, [['user']]);
});

test('a circle is refused, naming each plugin in it with its line, and nobody else', () => {
  const nodes = [node('bystander', 1, []), node('outside', 2, [A]), node('one', 3, [B], [A]), node('two', 4, [A], [B])];
  const graph = buildGraph(nodes, []);
  for (const id of ['one', 'two'])
    assertFails(graph, id, 'plugin_cycle', /one \(soulbox\.yaml:3\) -> two \(soulbox\.yaml:4\) -> one/);
  assert.deepEqual(graph.errors.get('one')?.details, { plugins: ['one', 'two'] });
  // It needs one of them, and is reported as blocked by that one when its turn comes.
  assert.deepEqual([graph.errors.size, graph.levels], [2, [['bystander'], ['outside']]]);
});

test('two circles are both found', () => {
  const [C, D] = [token('c', '1.0.0'), token('d', '1.0.0')];
  const nodes = [node('a', 1, [B], [A]), node('b', 2, [A], [B]), node('c', 3, [D], [C]), node('d', 4, [C], [D])];
  const graph = buildGraph(nodes, []);
  assert.deepEqual([...graph.errors.keys()].toSorted(), ['a', 'b', 'c', 'd']);
  assertFails(graph, 'd', 'plugin_cycle', /c .* -> d /);
});

test('a circle with an optional link is none: the plugin that can do without goes first', () => {
  for (const soft of [optional(B), Many]) {
    const nodes = [node('one', 1, [soft], [A]), node('two', 2, [A], [B, Many]), node('three', 3, [A])];
    const graph = buildGraph(nodes, []);
    assert.deepEqual([graph.errors.size, graph.levels], [0, [['one'], ['two', 'three']]]);
  }
});

test('one who fails still counts as a provider, in whatever order they are named', () => {
  const failing = node('failing', 1, [B], [A]);
  const user = node('user', 2, [A]);
  for (const nodes of [
    [failing, user],
    [user, failing],
  ]) {
    const graph = buildGraph(nodes, []);
    assertFails(graph, 'failing', 'capability_missing', /failing .* requires b@1\.0\.0/);
    assert.deepEqual([graph.errors.size, graph.needed.get('user'), graph.levels], [1, ['failing'], [['user']]]);
  }
});

test('random graphs: all that can start does, each after what it needs', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    let state = seed;
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    const capabilities = Array.from({ length: 12 }, (_, n) => token(`t${n}`, '1.0.0'));
    const nodes = capabilities.map((own, n) => {
      const wanted = Array.from({ length: random(3) }, () => capabilities[random(12)] ?? own);
      const requires = wanted.map((one) => (random(3) === 0 ? optional(one) : one));
      return node(`p${n}`, n, requires, random(8) === 0 ? [] : [own]);
    });
    const { levels, errors, needed } = buildGraph(nodes, []);
    const order = levels.flat();
    assert.deepEqual([...order, ...errors.keys()].toSorted(), nodes.map(({ id }) => id).toSorted());
    for (const [at, id] of order.entries())
      for (const provider of needed.get(id) ?? [])
        assert.ok(
          errors.has(provider) || order.slice(0, at).includes(provider),
          `seed ${seed}: ${id} before ${provider}`,
        );
  }
});
