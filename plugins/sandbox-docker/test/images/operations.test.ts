import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { definePlugin, isSoulboxError, LanguageRuntime, SandboxDriver } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import { image, noEngine, TestEngine } from '../support/engine.ts';

interface Images {
  readonly images: {
    language: string;
    reference: string;
    version: string;
    digest: string | null;
    available: boolean;
    ok: boolean;
    problem: string | null;
  }[];
}

const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));
const foot = 'USER 10001:10001\nCOPY soulbox-agent /usr/local/bin/soulbox-agent\n';
const head = 'ARG BASE\nFROM ${BASE}\n';
const version = 'LABEL soulbox.language.version-command="/bin/echo shell 1.2.3 of today"\n';

/** By language: what its Dockerfile says. */
const dockerfiles: Readonly<Record<string, string>> = {
  good: `${head}ARG MARK\nRUN echo $MARK\n${version}${foot}`,
  untidy: `${head}USER 0\nRUN mkdir -p /var/lib/apt/lists && echo x > /var/lib/apt/lists/x\n${version}${foot}`,
  silent: `${head}${foot}`,
  liar: `${head}LABEL soulbox.language.version-command="/bin/false"\n${foot}`,
  root: `${head}${foot}USER 0\n`,
  failing: `${head}RUN echo before && false\n${foot}`,
  endless: `${head}RUN echo begun && sleep 1000\n${foot}`,
};

function runtimeOf(name: string, folder: string): LanguageRuntime {
  return {
    describe: async () => ({
      name,
      aliases: [],
      extensions: [`.${name}`],
      version: '',
      available: false,
      reason: 'not on this host',
      paths: [],
      canary: { code: 'echo fine', stdout: name === 'silent' ? 'other\n' : 'fine\n' },
      image: { reference: `images-test/${name}:1`, folder },
    }),
    plan: async ({ files }) => ({
      ok: true,
      files: files.map(({ content }) => ({ path: 'main.sh', content })),
      stages: [{ name: 'run', argv: ['/bin/sh', './main.sh'], env: {}, stdin: true }],
    }),
  };
}

describe('images', { skip: noEngine }, () => {
  let engine: TestEngine;
  let folder: string;
  let host: TestHost;
  before(async () => {
    engine = await TestEngine.start();
    folder = await mkdtemp(join(tmpdir(), 'soulbox-images-'));
    for (const [name, text] of Object.entries(dockerfiles)) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'Dockerfile'), text);
    }
    const languages = definePlugin({
      id: 'languages',
      provides: [LanguageRuntime],
      setup(context) {
        for (const name of Object.keys(dockerfiles))
          context.provide(LanguageRuntime, runtimeOf(name, join(folder, name)), name);
      },
    });
    const images = { base: image, network: 'none', parallel: 2, arguments: { MARK: 'marked' } };
    const docker = { package: packageFolder, config: { host: engine.host, images } };
    host = await createTestHost({
      config: { plugins: { 'sandbox-docker': docker } },
      plugins: { languages: { plugin: languages } },
      without: [SandboxDriver.id],
    });
  });
  after(async () => {
    await host?.stop();
    await engine?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  const build = (...languages: string[]): Promise<Images> =>
    host.call('images.build', { languages }) as Promise<Images>;
  const verify = async (language: string) =>
    ((await host.call('images.verify', { languages: [language] })) as Images).images[0]!;

  it('are not there before they are built', async () => {
    const { images } = (await host.call('images.list')) as Images;
    assert.deepEqual(
      images.map(({ language, available, digest }) => [language, available, digest]),
      Object.keys(dockerfiles)
        .toSorted()
        .map((name) => [name, false, null]),
    );
    const { ok, problem } = await verify('good');
    assert.equal(ok, false);
    assert.match(problem ?? '', /no image "images-test\/good:1"/);
  });

  it('are built with progress, labelled, and work', async () => {
    const events: { language: string; step: number | null; steps: number | null; text: string }[] = [];
    let built: Images | undefined;
    for await (const item of host.stream('images.build', { languages: ['good'] }))
      if ('event' in item) events.push(item.event as (typeof events)[number]);
      else built = item.result as Images;
    assert.ok(events.length > 0 && events.every(({ language, text }) => language === 'good' && text.length <= 200));
    const [made] = built!.images;
    assert.deepEqual([made?.language, made?.reference, made?.version], ['good', 'images-test/good:1', '1.2.3']);
    const inspected = await engine.docker(
      'image',
      'inspect',
      'images-test/good:1',
      '--format',
      '{{json .Config.Labels}}',
    );
    const labels = JSON.parse(inspected) as Record<string, string>;
    assert.deepEqual([labels['soulbox.language'], labels['soulbox.language.version']], ['good', '1.2.3']);
    assert.match(labels['soulbox.agent'] ?? '', /^[0-9a-f]{64}$/);
    const { images } = (await host.call('images.list')) as Images;
    const listed = images.find(({ language }) => language === 'good')!;
    assert.deepEqual([listed.available, listed.version, listed.digest], [true, '1.2.3', made?.digest]);
    assert.deepEqual(await verify('good'), {
      language: 'good',
      reference: 'images-test/good:1',
      version: '1.2.3',
      digest: made?.digest,
      ok: true,
      problem: null,
    });
    assert.equal((await build('good')).images[0]?.digest, made?.digest, 'what has not changed stays what it is');
  });

  it('run executions', async () => {
    const result = (await host.call('executions.create', { language: 'good', code: 'echo hello' })) as {
      verdict: string;
      stdout: string;
    };
    assert.deepEqual([result.verdict, result.stdout], ['ok', 'hello\n']);
  });

  it('that work but are not as they should be are told apart', async () => {
    await build('untidy', 'silent');
    assert.match(
      (await verify('untidy')).problem ?? '',
      /^holds what a package manager left in \/var\/lib\/apt\/lists$/,
    );
    const silent = await verify('silent');
    assert.equal(silent.version, '');
    assert.match(silent.problem ?? '', /^does not say the version of its toolchain; does not run its language: .*ok$/);
  });

  it('get no name where they do not work, which keeps no other from being built', async () => {
    await assert.rejects(build('good', 'liar', 'root', 'failing'), (thrown) => {
      assert.ok(isSoulboxError(thrown));
      assert.equal(thrown.code, 'image_unavailable');
      assert.match(thrown.message, /failing: the build failed: .*; liar: .*does not tell its version; root: .*as root/);
      const failed = thrown.details?.['failed'] as { language: string; output?: string[] }[];
      assert.deepEqual(
        failed.map(({ language }) => language),
        ['failing', 'liar', 'root'],
      );
      assert.ok(failed[0]?.output?.includes('before'));
      return true;
    });
    const { images } = (await host.call('images.list')) as Images;
    for (const language of ['liar', 'root', 'failing'])
      assert.equal(images.find((each) => each.language === language)?.available, false, language);
  });

  it('are given up when the caller leaves', async () => {
    const abort = new AbortController();
    const building = (async () => {
      for await (const item of host.stream('images.build', { languages: ['endless'] }, { signal: abort.signal }))
        if ('event' in item && (item.event as { text: string }).text === 'begun') abort.abort();
    })();
    await assert.rejects(building, { code: 'cancelled' });
    // Beside boxes that wait, nothing runs.
    while ((await engine.docker('ps', '--no-trunc', '--format', '{{.Command}}')).includes('sleep 1000')) continue;
  });

  it('are of languages that are there', async () => {
    await assert.rejects(build('nothing'), { code: 'language_unknown' });
    await assert.rejects(host.call('images.verify', { languages: [''] }), { code: 'invalid_params' });
  });
});
