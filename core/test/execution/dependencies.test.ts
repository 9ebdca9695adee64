import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  definePlugin,
  DependencyLayers,
  LanguageRuntime,
  SoulboxError,
  type DependencyInput,
  type ExecutionResult,
  type LayerRequest,
  type PlanInput,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { scriptedHost } from '../support/scripted-host.ts';

const plan = { key: 'tool 1', files: [], stages: [], hosts: ['registry.example:443'] };

/** A language that says how to build dependencies, or does not. */
function language(able: boolean, seen: (PlanInput | DependencyInput)[]) {
  return definePlugin({
    id: 'packaged',
    provides: [LanguageRuntime],
    setup(context) {
      const runtime: LanguageRuntime = {
        describe: async () => ({
          name: 'packaged',
          aliases: [],
          extensions: [],
          version: '1.2.0',
          available: true,
          reason: null,
          paths: ['/usr/bin/packaged'],
          image: { reference: 'packaged:1', folder: '/image' },
          canary: { code: '', stdout: '' },
        }),
        plan: async (input) => {
          seen.push(input);
          return { ok: true, files: [...input.files], stages: [{ name: 'run', argv: ['/x'], env: {} }] };
        },
        ...(able
          ? {
              dependencies: async (input) => {
                seen.push(input);
                return plan;
              },
            }
          : {}),
      };
      context.provide(LanguageRuntime, runtime, 'packaged');
    },
  });
}

function layers(build: (request: LayerRequest, signal: AbortSignal) => Promise<string>) {
  return definePlugin({
    id: 'layers',
    provides: [DependencyLayers],
    setup: (context) => context.provide(DependencyLayers, { layer: (request, { signal }) => build(request, signal) }),
  });
}

const params = { language: 'packaged', code: 'out x', dependencies: ['left-pad@1'] };

describe('dependencies', () => {
  it('are built before the program runs, in boxes like its own, and shown to it', async () => {
    const seen: (PlanInput | DependencyInput)[] = [];
    const asked: LayerRequest[] = [];
    const build = async (request: LayerRequest) => {
      asked.push(request);
      return '/layers/abc';
    };
    await using host = await scriptedHost({
      plugins: { packaged: { plugin: language(true, seen) }, layers: { plugin: layers(build) } },
      config: { sandbox: { ready: 0 } },
    });
    const result = (await host.call('executions.create', { ...params, version: '1.2' })) as ExecutionResult;
    assert.equal(result.verdict, 'ok');
    assert.deepEqual(asked, [{ plan, driver: 'scripted', spec: { paths: ['/usr/bin/packaged'] } }]);
    assert.deepEqual(seen[0], { dependencies: ['left-pad@1'], toolchain: 'host', version: '1.2.0' });
    assert.equal((seen[1] as PlanInput).layer, '/layers/abc');
    assert.deepEqual(host.driver.created[0]?.paths, ['/usr/bin/packaged', '/layers/abc']);
    await host.call('executions.create', { ...params, dependencies: [] });
    assert.equal(asked.length, 1);
    assert.equal((seen.at(-1) as PlanInput).layer, undefined);
  });

  it('fit the image that boxes are made of', async () => {
    class Imaged extends ScriptedDriver {
      image = async () => ({ available: true, reason: null, digest: 'sha256:1', labels: {} });
    }
    const driver = new Imaged();
    driver.report = { ...driver.report, toolchains: 'image' };
    const asked: LayerRequest[] = [];
    const build = async (request: LayerRequest) => {
      asked.push(request);
      return '/layers/abc';
    };
    await using host = await scriptedHost({
      driver,
      plugins: { packaged: { plugin: language(true, []) }, layers: { plugin: layers(build) } },
    });
    await host.call('executions.create', params);
    const spec = { paths: [], image: 'packaged:1' };
    assert.deepEqual(asked, [{ plan, driver: 'scripted', spec, digest: 'sha256:1' }]);
    assert.deepEqual(driver.created[0], { paths: ['/layers/abc'], image: 'packaged:1', labels: {} });
  });

  it('are refused by name where nobody can build them, and nothing is accepted', async () => {
    await using unable = await scriptedHost({
      plugins: { packaged: { plugin: language(false, []) }, layers: { plugin: layers(async () => '/x') } },
    });
    await assert.rejects(unable.call('executions.create', params), { code: 'unsupported', message: /packaged/ });
    await using without = await scriptedHost({ plugins: { packaged: { plugin: language(true, []) } } });
    await assert.rejects(without.call('executions.create', params), { code: 'unsupported', message: /no plugin/ });
    const failure = new SoulboxError('dependency_failed', 'no such package', { details: { output: '404' } });
    await using failing = await scriptedHost({
      plugins: {
        packaged: { plugin: language(true, []) },
        layers: { plugin: layers(() => Promise.reject(failure)) },
      },
    });
    await assert.rejects(failing.call('executions.create', params), {
      code: 'dependency_failed',
      details: { output: '404' },
    });
    assert.deepEqual((await failing.store.query('executions', {})).documents, []);
  });
});
