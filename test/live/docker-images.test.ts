import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import { needsImages } from '../support/images.ts';
import { root } from '../support/soulbox.ts';

const folder = (id: string) => ({ folder: join(root, 'plugins', id) });
const cells = {
  python: { code: 'import math\nx = math.factorial(5)\nx', value: '120', failing: '1/0', error: 'ZeroDivisionError' },
  javascript: {
    code: 'const x = [1, 2].map((n) => n * 2); x.join()',
    value: "'2,4'",
    failing: 'nothing()',
    error: 'ReferenceError',
  },
};

describe('sandboxes that stay, of the images of languages', { skip: await needsImages(Object.keys(cells)) }, () => {
  let host: TestHost;
  before(async () => {
    host = await createTestHost({
      config: { sandbox: { ready: 0 } },
      plugins: {
        'sandbox-docker': { ...folder('sandbox-docker'), config: { host: process.env['DOCKER_HOST'], boxes: 'inner' } },
        'language-python': folder('language-python'),
        'language-javascript': folder('language-javascript'),
        'live-contexts': folder('live-contexts'),
      },
    });
  });
  after(() => host?.stop());

  it('have one image, which those of two languages do not share', async () => {
    await assert.rejects(host.call('sandboxes.create', { languages: Object.keys(cells) }), { code: 'invalid_params' });
  });

  for (const [language, { code, value, failing, error }] of Object.entries(cells))
    it(`run cells of ${language}, which keep their state`, async () => {
      const { id: sandbox, image } = (await host.call('sandboxes.create', { languages: [language] })) as {
        id: string;
        image: string;
      };
      try {
        assert.match(image, new RegExp(language));
        const run = async (cell: string) =>
          (await host.call('contexts.run', { sandbox, language, code: cell })) as {
            results: { data: Record<string, string> }[];
            error: { name: string } | null;
          };
        const first = await run(code);
        assert.equal(first.error, null);
        assert.equal(first.results.at(-1)?.data['text/plain'], value);
        assert.equal((await run(failing)).error?.name, error);
        assert.equal((await run('x')).error, null);
      } finally {
        await host.call('sandboxes.delete', { id: sandbox });
      }
    });
});
