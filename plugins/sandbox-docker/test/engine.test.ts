import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { z } from '@soulbox/plugin-sdk';
import { dockerOptions } from '../src/engine-address.ts';
import { engineFacts } from '../src/engine-facts.ts';
import { Engine } from '../src/engine.ts';
import { checkImage, usableDigest } from '../src/image-check.ts';
import { ScriptedEngine } from './support/scripted-engine.ts';

const version = (engine: Engine, options = {}): Promise<unknown> =>
  engine.call('tell its version', (docker) => docker.version(), options);
const engineAt = ({ host }: { readonly host: string }, callTimeoutMs = 5000): Engine =>
  new Engine({ host, callTimeoutMs });

describe('Engine', () => {
  it('ends a call at its deadline, and fails at once afterwards until it tries again', async () => {
    let asked = 0;
    let silent = true;
    await using scripted = await ScriptedEngine.start((_, response) => {
      asked++;
      if (!silent) response.end('{}');
    });
    const engine = engineAt(scripted, 100);
    const failure = {
      code: 'runtime_unavailable',
      message: 'the Docker engine did not tell its version within 100 ms',
    };
    await assert.rejects(version(engine), failure);
    await assert.rejects(version(engine), failure);
    const before = asked;
    assert.ok(before <= 1);
    silent = false;
    while (engine.circuit.failure) await version(engine).catch(() => undefined);
    assert.ok(asked > before);
  });

  it('gives one call another deadline', async () => {
    await using scripted = await ScriptedEngine.start(() => undefined);
    await assert.rejects(version(engineAt(scripted), { deadlineMs: 20 }), /within 20 ms/);
  });

  it('ends a call when its caller gives up, which says nothing about the engine', async () => {
    const controller = new AbortController();
    await using scripted = await ScriptedEngine.start(() => controller.abort());
    const engine = engineAt(scripted);
    await assert.rejects(version(engine, { signal: controller.signal }), { code: 'cancelled' });
    await assert.rejects(version(engine, { signal: controller.signal }), { code: 'cancelled' });
    assert.equal(engine.circuit.failure, undefined);
  });

  it('waits for one that was busy a moment ago, where that is wanted, and not for ever', async () => {
    let silent = true;
    await using scripted = await ScriptedEngine.start((_, response) => {
      if (!silent) response.end('OK');
    });
    const engine = engineAt(scripted);
    await assert.rejects(version(engine, { deadlineMs: 20 }), { code: 'runtime_unavailable' });
    silent = false;
    await engine.awaken();
    assert.equal(engine.circuit.failure, undefined);
    await assert.rejects(engine.awaken({ signal: AbortSignal.abort() }), { code: 'cancelled' });
    await assert.rejects(engineAt({ host: 'unix:///nowhere/docker.sock' }).awaken(), { code: 'runtime_unavailable' });
  });

  it('goes on after an answer that is an error', async () => {
    await using scripted = await ScriptedEngine.answering(() => [500, { message: 'no' }]);
    const engine = engineAt(scripted);
    await assert.rejects(version(engine), { code: 'runtime_unavailable' });
    assert.equal(engine.circuit.failure, undefined);
  });

  it('takes an answer of another shape for the answer of something else', async () => {
    await using scripted = await ScriptedEngine.answering(() => [200, []]);
    const engine = engineAt(scripted);
    const asking = engine.ask(z.object({ Id: z.string() }), 'say who it is', (docker) => docker.version());
    await assert.rejects(asking, { message: 'the Docker engine answered nonsense when it should say who it is' });
    assert.equal(engine.circuit.failure?.code, 'runtime_unavailable');
  });

  it('says that an engine is not there', async () => {
    await assert.rejects(version(engineAt({ host: 'unix:///nonexistent/docker.sock' })), {
      code: 'runtime_unavailable',
      message: 'there is no Docker engine at the configured address',
    });
  });

  it('says which TLS file cannot be read', async () => {
    const file = '/nonexistent/ca.pem';
    const engine = new Engine({
      host: 'tcp://127.0.0.1:1',
      tls: { ca: file, cert: file, key: file },
      callTimeoutMs: 1000,
    });
    await assert.rejects(version(engine), { code: 'config_invalid', message: /nonexistent\/ca\.pem/ });
  });
});

describe('the address of an engine', () => {
  const { ca: _ca, ...rest } = dockerOptions({ host: 'unix:///run/user/1000/podman/podman.sock' });
  it('is a socket', () => {
    assert.deepEqual(
      [rest.socketPath, rest.host, rest.protocol],
      ['/run/user/1000/podman/podman.sock', undefined, 'http'],
    );
    assert.equal(dockerOptions({ host: 'npipe:////./pipe/docker_engine' }).socketPath, '//./pipe/docker_engine');
  });

  it('is a name and port, with the usual ports', () => {
    const parts = (host: string): unknown[] => {
      const { host: name, port, protocol, socketPath } = dockerOptions({ host });
      return [name, port, protocol, socketPath];
    };
    assert.deepEqual(parts('tcp://engine:1234'), ['engine', 1234, 'http', undefined]);
    assert.deepEqual(parts('tcp://engine'), ['engine', 2375, 'http', undefined]);
    assert.deepEqual(parts('https://engine/'), ['engine', 2376, 'https', undefined]);
  });

  it('brings the files for TLS', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-tls-'));
    try {
      const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => join(folder, name)) as [string, string, string];
      for (const file of [ca, cert, key]) await writeFile(file, file);
      const options = dockerOptions({ host: 'tcp://engine:2376', tls: { ca, cert, key } });
      assert.deepEqual(
        [options.protocol, options.ca?.toString(), (options.key as Buffer).toString()],
        ['https', ca, key],
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('what an engine says of itself', () => {
  const facts = async (info: object, runtime?: string): Promise<unknown> => {
    await using scripted = await ScriptedEngine.answering(() => [200, info]);
    return await engineFacts(engineAt(scripted), runtime);
  };

  it('decides about uids, AppArmor and architecture', async () => {
    assert.deepEqual(await facts({ Architecture: 'aarch64', SecurityOptions: ['name=seccomp,profile=default'] }), {
      architecture: 'arm64',
      hasAppArmor: false,
      hasFewUids: false,
    });
    assert.deepEqual(await facts({ Architecture: 'x86_64', SecurityOptions: ['name=apparmor', 'name=rootless'] }), {
      architecture: 'amd64',
      hasAppArmor: true,
      hasFewUids: true,
    });
    assert.deepEqual(await facts({ Architecture: 'riscv64', SecurityOptions: ['name=userns'] }), {
      architecture: 'riscv64',
      hasAppArmor: false,
      hasFewUids: true,
    });
  });

  it('must include the configured runtime; another is never taken instead', async () => {
    await facts({ Runtimes: { runc: {}, runsc: {} } }, 'runsc');
    for (const Runtimes of [{ runc: {} }, {}, null])
      await assert.rejects(facts({ Runtimes }, 'runsc'), { code: 'sandbox_unavailable', message: /"runsc"/ });
  });

  it('must be Linux', async () => {
    await assert.rejects(facts({ OSType: 'windows' }), { code: 'sandbox_unavailable', message: /windows containers/ });
  });
});

describe('checkImage', () => {
  const id = 'a'.repeat(64);
  const check = async (image: object, agent?: string): ReturnType<typeof checkImage> => {
    await using scripted = await ScriptedEngine.answering(() => [200, image]);
    return await checkImage(engineAt(scripted), 'x:1', { architecture: 'amd64', agent });
  };
  const good = { Id: `sha256:${id}`, Architecture: 'amd64', Config: { User: '10001:10001', Labels: { a: 'b' } } };

  it('tells digest and labels of a good one', async () => {
    const expected = { available: true, reason: null, digest: `sha256:${id}`, labels: { a: 'b' } };
    assert.deepEqual(await check(good), expected);
    assert.deepEqual(await check({ ...good, Id: id }), expected);
    assert.equal(usableDigest('x:1', expected), `sha256:${id}`);
  });

  const faults: readonly (readonly [string, object, RegExp])[] = [
    ['another architecture', { ...good, Architecture: 'arm64' }, /made for arm64/],
    ['root', { ...good, Config: { User: 'root' } }, /run as root/],
    ['no user', { ...good, Config: null }, /run as root/],
    ['uid 0 with a group', { ...good, Config: { User: '0:10001' } }, /run as root/],
    ['another agent', { ...good, Config: { User: 'x', Labels: { 'soulbox.agent': 'old' } } }, /another version/],
  ];
  for (const [what, image, reason] of faults)
    it(`refuses one with ${what}`, async () => {
      const report = await check(image, 'new');
      assert.equal(report.available, false);
      assert.match(report.reason!, reason);
      assert.throws(() => usableDigest('x:1', report), { code: 'image_unavailable' });
    });

  it('takes an agent that is not labelled, or not known here', async () => {
    assert.equal((await check(good, 'new')).available, true);
    assert.equal((await check({ ...good, Config: { User: 'x', Labels: { 'soulbox.agent': 'a' } } })).available, true);
  });
});
