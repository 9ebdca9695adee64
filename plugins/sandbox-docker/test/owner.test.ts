import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Owner } from '../src/owner.ts';

const identity = { label: 'h10-1-1', isGone: (label: string) => label === 'h9-1-1' };
const owner = new Owner('mine', { identity, machine: 'here' });
const own = owner.labels(1000);

describe('Owner', () => {
  it('knows its own containers, and no other driver calls them its own', () => {
    assert.deepEqual(Object.keys(own).toSorted(), [
      'soulbox.deployment',
      'soulbox.expires',
      'soulbox.instance',
      'soulbox.machine',
      'soulbox.owner',
    ]);
    assert.ok(owner.isOfThisDriver(own));
    assert.equal(new Owner('mine', { identity, machine: 'here' }).isOfThisDriver(own), false);
    assert.equal(owner.isOfThisDriver({ ...own, 'soulbox.deployment': 'other' }), false);
  });

  const cases: readonly (readonly [string, Record<string, string>, boolean])[] = [
    ['of a living host', {}, false],
    ['of a dead host', { 'soulbox.owner': 'h9-1-1' }, true],
    ['of a dead host of another deployment', { 'soulbox.owner': 'h9-1-1', 'soulbox.deployment': 'other' }, false],
    ['of a process of the same name on another machine', { 'soulbox.owner': 'h9-1-1', 'soulbox.machine': 'x' }, false],
    ['of a host that cannot be seen', { 'soulbox.owner': 'h8-1-1' }, false],
    ['of a host that cannot be seen, expired', { 'soulbox.owner': 'h8-1-1', 'soulbox.expires': '1' }, true],
    ['of this host, expired', { 'soulbox.expires': '1' }, false],
    ['without an expiry', { 'soulbox.machine': 'x', 'soulbox.expires': '' }, false],
  ];
  for (const [what, over, abandoned] of cases)
    it(`takes a container ${what} for ${abandoned ? 'abandoned' : "somebody's"}`, () => {
      assert.equal(owner.isAbandoned({ ...own, ...over }, 500), abandoned);
    });
});
