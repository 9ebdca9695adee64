import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFixture } from './support/run-fixture.ts';

const names = {
  says: 'it says what it is called and who may see it, the same each time',
  module: 'its module is JavaScript that exports mount',
  icon: 'its icon is an image',
  same: 'an asset is the same each time, whatever was done with the bytes',
  elsewhere: 'what is not one of its assets is not there, however it is written',
};

for (const mistake of ['nothing', 'no icon']) {
  test(`a panel passes that does well: ${mistake}`, async () => {
    const { passed, failed, output } = await runFixture('panels', { MISTAKE: mistake });
    const ran = passed.map((name) => name.replace(/ # SKIP.*/, ''));
    assert.deepEqual([failed, ran.toSorted()], [[], Object.values(names).toSorted()], output);
  });
}

/** What is done wrong, and the test that finds it. */
const found: Record<string, string> = {
  'no mount': names.module,
  'another type': names.module,
  'never the same': names.says,
  'no permission': names.says,
  'icon of code': names.icon,
  'shared bytes': names.same,
  'anything goes': names.elsewhere,
};
for (const [mistake, name] of Object.entries(found)) {
  test(`a panel is found out that does wrong: ${mistake}`, async () => {
    const { failed, output } = await runFixture('panels', { MISTAKE: mistake });
    assert.deepEqual(failed, [name], output);
  });
}
