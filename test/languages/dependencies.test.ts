import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import type { ServedFiles } from '@soulbox/plugin-sdk/testing';
import { whyNoBox } from '../support/boxes.ts';
import { needsImages } from '../support/images.ts';
import { needs } from '../support/needs.ts';
import { RawClient, type RpcAnswer } from '../support/rpc.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { serveRegistries } from './registries.ts';

const programs = {
  python: { code: 'import demo\nprint(demo.word)\n', dependency: 'demo==1.0.0' },
  javascript: { code: 'import demo from "demo";\nconsole.log(demo);\n', dependency: 'demo@1.0.0' },
};
const tools = needs('python3', 'npm', 'tar');
const engine = process.env['DOCKER_HOST'];
const drivers = {
  linux: { skip: (await whyNoBox()) || tools, config: '{}' },
  docker: {
    skip: (await needsImages(Object.keys(programs))) || tools,
    config: engine === undefined ? '{}' : `{ host: '${engine}' }`,
  },
};

for (const [driver, { skip, config }] of Object.entries(drivers))
  describe(`dependencies on the driver ${driver}`, { skip }, () => {
    let registries: ServedFiles;
    /** Not below /tmp, which every box has anew. */
    let dataDir: string;
    let host: RunningHost;
    let client: RawClient;
    before(async () => {
      registries = await serveRegistries();
      dataDir = await mkdtemp('/var/tmp/soulbox-test-');
      const place = registries.url.slice('http://'.length);
      host = await startHost({
        yaml: `host: { dataDir: ${dataDir} }\nsandbox: { driver: ${driver} }`,
        plugins: `
  sandbox-${driver}: { config: ${config} }
  language-python: { config: { index: '${registries.url}/simple/', downloads: [] } }
  language-javascript: { config: { registry: '${registries.url}/' } }
  dependency-layers: { config: { allow: ['${place}'], private: ['${place}'] } }`,
      });
      client = await RawClient.open(host.url, host.key ?? '');
    });
    after(async () => {
      await client.close();
      await host.end('SIGTERM');
      await host.home[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
      await registries[Symbol.asyncDispose]();
    });
    const run = (language: string, code: string, dependencies: readonly string[]): Promise<RpcAnswer> =>
      client.call('executions.create', { language, code, dependencies });

    for (const [language, { code, dependency }] of Object.entries(programs)) {
      test(`${language} finds what it asked for, built once`, async () => {
        for (const _time of ['built', 'found']) {
          const { result, error } = await run(language, code, [dependency]);
          assert.equal(error, undefined);
          const { verdict, stdout, stderr, sandbox } = result as ExecutionResult;
          assert.deepEqual([verdict, stdout, sandbox?.driver], ['ok', 'from the layer\n', driver], stderr);
        }
      });
      test(`${language} has nothing that it did not ask for`, async () => {
        const { result } = await run(language, code, []);
        assert.equal((result as ExecutionResult).verdict, 'exit');
      });
      test(`${language} is told when there is no such package`, async () => {
        const { error } = await run(language, code, [dependency.replace('demo', 'absent')]);
        assert.equal(error?.data?.code, 'dependency_failed');
        assert.match(String(error?.data?.details?.['output']), /absent/);
      });
    }
  });
