import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isUsageError, parseArguments, parseDuration, parseSize, UsageError } from '@soulbox/plugin-sdk';

describe('the arguments of a command', () => {
  test('are parsed strictly, and a mistake is one of usage', () => {
    const options = { json: { type: 'boolean' }, name: { type: 'string' } } as const;
    const { values, positionals } = parseArguments(['one', '--json', '--name', 'x', '--', '--two'], options);
    assert.deepEqual([{ ...values }, positionals], [{ json: true, name: 'x' }, ['one', '--two']]);
    for (const wrong of [['--other'], ['--name'], ['--json=1']])
      assert.throws(() => parseArguments(wrong, options), isUsageError);
  });

  test('a mistake is known from other errors, also one made by another copy of the SDK', () => {
    const elsewhere = Object.assign(new Error('no'), { [Symbol.for('soulbox/usage-error@1')]: true });
    assert.equal(isUsageError(new UsageError('no')), true);
    assert.equal(isUsageError(elsewhere), true);
    for (const other of [new Error('no'), undefined, 'no', { [Symbol.for('soulbox/usage-error@1')]: true }])
      assert.equal(isUsageError(other), false);
  });
});

describe('a quantity on the command line', () => {
  const wrongInAllUnits = ['', ' ', '-1', '1 s', '1e3', '.5', '1.', 'ms', '5x', '0x10', '5ss', '1\n', '٣'];

  test('is a time in milliseconds', () => {
    const times = {
      '5': 5,
      '500ms': 500,
      '5s': 5_000,
      '1.5s': 1_500,
      '2m': 120_000,
      '1h': 3_600_000,
      '0.4': 0,
      '3S': 3_000,
    };
    for (const [text, ms] of Object.entries(times)) assert.equal(parseDuration(text), ms, text);
    for (const text of [...wrongInAllUnits, '5k', '5GiB'])
      assert.throws(() => parseDuration(text), {
        name: 'Error',
        message: `"${text}" is not a time such as 5s or 500ms`,
      });
  });

  test('is a size in bytes', () => {
    const sizes = {
      '0': 0,
      '65536': 65_536,
      '7b': 7,
      '2k': 2_048,
      '2kb': 2_048,
      '2KiB': 2_048,
      '1.5M': 1_572_864,
      '1G': 2 ** 30,
    };
    for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text);
    for (const text of [...wrongInAllUnits, '5s', '1T'])
      assert.throws(
        () => parseSize(text),
        (error) => isUsageError(error) && error.message === `"${text}" is not a size such as 128M`,
      );
  });
});
