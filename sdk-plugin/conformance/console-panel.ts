import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConsoleAsset, ConsolePanel, MountPanel } from '@soulbox/plugin-sdk';
import { withResource } from './with-resource.ts';

export interface ConsolePanelFixture {
  readonly panel: ConsolePanel;
  readonly dispose: () => Promise<void>;
}

export interface ConsolePanelSuiteOptions {
  readonly name?: string;
  readonly create: () => Promise<ConsolePanelFixture>;
}

const repeats = 10;
const elsewhere = [
  '',
  '.',
  '..',
  '/',
  '../package.json',
  '/etc/passwd',
  'a/../../package.json',
  '%2e%2e/package.json',
  '..\\package.json',
  'no-such-file.js',
  '__proto__',
  'constructor',
  'toString',
  'a\0b',
  'x'.repeat(10_240),
];

/** Registers the tests that every implementation of ConsolePanel passes. */
export function consolePanelSuite({ name = 'ConsolePanel', create }: ConsolePanelSuiteOptions): void {
  describe(`conformance: ${name}`, () => {
    descriptionTests(create);
    assetTests(create);
  });
}

async function read(panel: ConsolePanel, path: string): Promise<ConsoleAsset> {
  return (await panel.asset(path)) ?? assert.fail(`there is no asset ${path}`);
}

/** The module of a panel, run here: at its top it may not need a page. */
async function importModule(panel: ConsolePanel): Promise<Record<string, unknown>> {
  const { module } = await panel.describe();
  const { body } = await read(panel, module);
  // Its source map is not at hand, and Node.js would look for it.
  const source = Buffer.from(body)
    .toString('utf8')
    .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '');
  return (await import(`data:text/javascript;base64,${Buffer.from(source).toString('base64')}`)) as never;
}

function descriptionTests(create: ConsolePanelSuiteOptions['create']): void {
  test(
    'it says what it is called and who may see it, the same each time',
    withResource(create, async ({ panel }) => {
      const info = await panel.describe();
      assert.match(info.title, /^\S(?:[^\n]{0,78}\S)?$/);
      assert.match(info.permission, /^[a-z][a-zA-Z]*:[a-z][a-zA-Z]*$/);
      for (let n = 0; n < repeats; n++) assert.deepEqual(await panel.describe(), info);
    }),
  );
  test(
    'its module is JavaScript that exports mount',
    withResource(create, async ({ panel }) => {
      const { module } = await panel.describe();
      assert.equal((await read(panel, module)).mediaType, 'text/javascript');
      const { mount } = (await importModule(panel)) as { mount?: MountPanel };
      assert.equal(typeof mount, 'function');
    }),
  );
  test('its icon is an image', async (t) => {
    await withResource(create, async ({ panel }) => {
      const { icon } = await panel.describe();
      if (icon === undefined) return t.skip('it has no icon');
      assert.match((await read(panel, icon)).mediaType, /^image\//);
    })();
  });
}

function assetTests(create: ConsolePanelSuiteOptions['create']): void {
  test(
    'an asset is the same each time, whatever was done with the bytes',
    withResource(create, async ({ panel }) => {
      const { module } = await panel.describe();
      const first = await read(panel, module);
      const kept = { ...first, body: Uint8Array.from(first.body) };
      assert.ok(kept.body.length > 0);
      first.body.fill(0);
      for (let n = 0; n < repeats; n++) {
        const again = await read(panel, module);
        assert.deepEqual({ ...again, body: Uint8Array.from(again.body) }, kept);
      }
    }),
  );
  test(
    'what is not one of its assets is not there, however it is written',
    withResource(create, async ({ panel }) => {
      for (const path of elsewhere) assert.equal(await panel.asset(path), undefined, JSON.stringify(path));
    }),
  );
}
