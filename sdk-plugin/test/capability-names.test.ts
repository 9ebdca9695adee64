import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilityMismatch, capabilityNames, optional, token, tokens } from '@soulbox/plugin-sdk';

const [one, many] = [token('one', '1.2.3'), tokens('many', '2.0.0')];

test('capabilities are named by contract and version, each once, and with a mark where they may be missing', () => {
  const requires = { second: one, first: one, some: many, spare: optional(token('spare', '0.1.0')) };
  assert.deepEqual(capabilityNames({ provides: [one, many, one], requires }), {
    provides: ['many@2.0.0', 'one@1.2.3'],
    requires: ['many@2.0.0?', 'one@1.2.3', 'spare@0.1.0?'],
  });
  assert.deepEqual(capabilityNames({}), { provides: [], requires: [] });
});

test('a package.json agrees with the code in any order, and where it says nothing', () => {
  const definition = { provides: [one, many], requires: { spare: optional(one) } };
  assert.equal(capabilityMismatch({}, definition), undefined);
  assert.equal(capabilityMismatch({ provides: ['one@1.2.3', 'many@2.0.0'] }, definition), undefined);
  assert.equal(capabilityMismatch({ requires: ['one@1.2.3?'] }, definition), undefined);
  assert.equal(capabilityMismatch({ requires: ['one@1.0.0?'] }, definition), undefined, 'an SDK may be newer');
  assert.ok(capabilityMismatch({ requires: ['one@2.2.3?'] }, definition));
  assert.match(
    capabilityMismatch({ requires: ['one@1.2.3'] }, definition) ?? '',
    /requires one@1\.2\.3; .* one@1\.2\.3\?$/,
  );
  assert.match(
    capabilityMismatch({ provides: [] }, definition) ?? '',
    /provides nothing; .* many@2\.0\.0, one@1\.2\.3$/,
  );
});
