import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Names } from '../src/names.ts';
import { Policy } from '../src/policy.ts';
import { isPublic, parseAddress, parseRange } from '../src/ranges.ts';
import { parseRule, plainName } from '../src/rules.ts';

const address = (text: string) => parseAddress(text)!;

describe('rules of a network', () => {
  it('name ranges, addresses and names, each with a port or without', () => {
    const parsed = (text: string) => {
      const rule = parseRule(text);
      return ['name' in rule ? rule.name : `${rule.range.address.toString()}/${rule.range.bits}`, rule.port];
    };
    assert.deepEqual(parsed('10.0.0.0/8'), ['10.0.0.0/8', undefined]);
    assert.deepEqual(parsed('10.0.0.1:80'), ['10.0.0.1/32', 80]);
    assert.deepEqual(parsed('2001:db8::/32'), ['2001:db8::/32', undefined]);
    assert.deepEqual(parsed('[2001:db8::]/32:443'), ['2001:db8::/32', 443]);
    assert.deepEqual(parsed('[2001:db8::1]'), ['2001:db8::1/128', undefined]);
    assert.deepEqual(parsed('Example.ORG.:8080'), ['example.org', 8080]);
    assert.deepEqual(parsed('*.bücher.test'), ['*.xn--bcher-kva.test', undefined]);
    assert.deepEqual(parsed('*'), ['*', undefined]);
    for (const wrong of [
      '',
      'a b',
      '*a.test',
      'a.*',
      '1.2.3',
      '010.0.0.1',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'a:b',
      '[a]',
      'a.test:99999',
      `${'a'.repeat(64)}.test`,
    ])
      assert.throws(() => parseRule(wrong), { code: 'invalid_params' }, wrong);
    assert.equal(plainName('WWW.Example.Org.'), 'www.example.org');
  });

  it('know what is for everybody', () => {
    for (const text of ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8']) assert.ok(isPublic(address(text)), text);
    for (const text of [
      ...[
        '10.0.0.1',
        '172.16.0.1',
        '192.168.0.1',
        '127.0.0.1',
        '169.254.169.254',
        '100.64.0.1',
        '0.0.0.0',
        '224.0.0.1',
      ],
      ...[
        '255.255.255.255',
        '198.18.0.1',
        '::1',
        '::',
        'fe80::1',
        'fd00::1',
        'ff02::1',
        '::ffff:10.0.0.1',
        '64:ff9b::a00:1',
      ],
      ...['2002:a00:1::', '2001:db8::1'],
    ])
      assert.ok(!isPublic(address(text)), text);
    assert.equal(parseAddress('0x7f.1'), undefined);
    assert.equal(parseRange('10.0.0.0/99'), undefined);
  });

  it('are weighed: denied before allowed, and closed ranges only where they are granted', () => {
    const granted = [parseRange('10.1.0.0/16')!];
    const policy = new Policy(
      {
        mode: 'restricted',
        allow: ['*.a.test', 'b.test:443', '10.0.0.0/8', '8.8.0.0/16:53'],
        deny: ['x.a.test', '10.1.2.3', 'y.a.test:22'],
      },
      granted,
    );
    const name = (text: string) => policy.name(text);
    assert.deepEqual(['w.a.test', 'a.test', 'x.a.test', 'b.test', 'y.a.test', 'xa.test'].map(name), [
      undefined,
      'not_allowed',
      'denied',
      undefined,
      undefined,
      'not_allowed',
    ]);
    assert.equal(policy.namedPort('b.test', 443), undefined);
    assert.equal(policy.namedPort('b.test', 80), 'not_allowed');
    assert.equal(policy.namedPort('y.a.test', 22), 'denied');
    const reach = (text: string, port: number, named = false) => policy.address(address(text), port, named);
    assert.equal(reach('10.1.0.1', 80), undefined);
    assert.equal(reach('10.1.2.3', 80, true), 'denied');
    assert.equal(reach('10.2.0.1', 80), 'closed_range', 'not granted');
    assert.equal(reach('172.16.0.1', 80, true), 'closed_range');
    assert.equal(reach('8.8.8.8', 53), undefined);
    assert.equal(reach('8.8.8.8', 80), 'not_allowed');
    assert.equal(reach('9.9.9.9', 80, true), undefined);
    const open = new Policy({ mode: 'open' }, granted);
    assert.equal(open.address(address('9.9.9.9'), 80, false), undefined);
    assert.equal(open.address(address('10.1.0.1'), 80, false), 'closed_range', 'granted, and not asked for');
    const closed = new Policy({ mode: 'none', allow: ['*'] }, granted);
    assert.deepEqual(
      [closed.name('a.test'), closed.namedPort('a.test', 1), closed.address(address('8.8.8.8'), 1, true)],
      ['mode', 'mode', 'mode'],
    );
  });
});

describe('addresses that stand for names', () => {
  it('are those of one name each, until another needs it more', () => {
    const names = new Names(3);
    assert.deepEqual(names.addressOf('a'), { address: '198.19.0.1', isNew: true });
    assert.deepEqual(names.addressOf('b'), { address: '198.19.0.2', isNew: true });
    assert.deepEqual(names.addressOf('a'), { address: '198.19.0.1', isNew: false });
    assert.deepEqual(names.addressOf('c'), { address: '198.19.0.3', isNew: true });
    assert.deepEqual(names.addressOf('d'), { address: '198.19.0.2', isNew: true });
    assert.equal(names.nameOf(address('198.19.0.2')), 'd');
    assert.equal(names.nameOf(address('198.19.9.9')), null);
    assert.equal(names.nameOf(address('198.19.0.0')), null);
    assert.equal(names.nameOf(address('198.18.0.1')), undefined);
    assert.equal(names.nameOf(address('::1')), undefined);
    const again = new Names(3, names.all);
    assert.equal(again.addressOf('c').address, '198.19.0.3');
    const many = new Names(1_000);
    for (let i = 0; i < 300; i++) many.addressOf(`n${i}`);
    assert.equal(many.addressOf('n299').address, '198.19.1.44');
    assert.equal(many.nameOf(address('198.19.1.44')), 'n299');
  });
});
