import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optional, token, tokens } from '@soulbox/plugin-sdk';
import { Services } from '../src/services.ts';
import { failure } from './support/expect.ts';

interface Clock {
  now(): number;
}
const Clock = token<Clock>('clock', '1.2.0');
const Lamp = tokens<{ readonly colour: string }>('lamp', '1.0.0');
const clock: Clock = { now: () => 1 };
const red = { colour: 'red' };
const green = { colour: 'green' };

test('a service is had under its token until it is taken back', () => {
  const services = new Services();
  assert.equal(services.get(Clock), undefined);
  const provided = services.provide('watch', Clock, clock);
  assert.equal(services.get(Clock), clock);
  assert.equal(services.owner(Clock), 'watch');
  provided[Symbol.dispose]();
  assert.deepEqual([services.get(Clock), services.owner(Clock)], [undefined, undefined]);
});

test('tokens of another copy of the SDK, or of a later minor version, mean the same', () => {
  const services = new Services();
  services.provide('watch', Clock, clock);
  assert.equal(services.get(token<Clock>('clock', '1.0.0')), clock);
  assert.equal(services.get(token<Clock>('clock', '2.0.0')), undefined);
});

test('two providers of one token are a conflict that names both', () => {
  const services = new Services();
  services.provide('watch', Clock, clock);
  assert.throws(() => services.provide('sundial', Clock, clock), failure('capability_conflict', /watch/, /sundial/));
  assert.equal(services.owner(Clock), 'watch');
});

test('services of a many token are told apart by their names', () => {
  const services = new Services();
  const provided = services.provide('a', Lamp, red, 'left');
  services.provide('b', Lamp, green, 'right');
  assert.deepEqual(
    [...services.all(Lamp)],
    [
      ['left', red],
      ['right', green],
    ],
  );
  assert.deepEqual([services.owner(Lamp, 'left'), services.owner(Lamp, 'up')], ['a', undefined]);
  assert.throws(
    () => services.provide('c', Lamp, red, 'left'),
    failure('capability_conflict', /lamp "left"/, /\ba\b/, /\bc\b/),
  );
  assert.throws(
    () => services.provide('c', Lamp, red),
    failure('plugin_failed', /plugin c provides lamp without a name/),
  );
  provided[Symbol.dispose]();
  assert.deepEqual([...services.all(Lamp).keys()], ['right']);
  services.provide('c', Lamp, red, 'left');
  assert.equal(services.owner(Lamp, 'left'), 'c');
});

test('a plugin gets what it requires, under its own names, and nothing else', () => {
  const services = new Services();
  services.provide('watch', Clock, clock);
  services.provide('a', Lamp, red, 'left');
  const got = services.resolve('user', { time: Clock, perhaps: optional(token('nowhere', '1.0.0')) });
  assert.deepEqual(Object.keys(got), ['time', 'perhaps']);
  assert.deepEqual([got['time'], got['perhaps']], [clock, undefined]);
  assert.ok(Object.isFrozen(got));
});

test('the services of a many token come and go under the eyes of those who hold them', () => {
  const services = new Services();
  const { lamps, perhaps } = services.resolve('user', { lamps: Lamp, perhaps: optional(Lamp) });
  assert.equal((lamps as Map<string, unknown>).size, 0);
  const provided = services.provide('a', Lamp, red, 'left');
  assert.equal((lamps as Map<string, unknown>).get('left'), red);
  assert.equal(perhaps, lamps);
  provided[Symbol.dispose]();
  assert.equal((lamps as Map<string, unknown>).size, 0);
});

test('an optional service that is there is given', () => {
  const services = new Services();
  services.provide('watch', Clock, clock);
  assert.equal(services.resolve('user', { time: optional(Clock) })['time'], clock);
});

test('a missing service is refused, naming who wants what', () => {
  assert.throws(
    () => new Services().resolve('user', { time: Clock }),
    failure('capability_missing', /user/, /clock@1\.2\.0/),
  );
});
