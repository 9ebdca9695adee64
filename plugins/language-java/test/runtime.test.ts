import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { javaRuntime } from '../src/runtime.ts';

const runtime = javaRuntime(ConfigSchema.parse({}), () => undefined);

async function planned(files: Record<string, string>, entry?: string, more: object = {}) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  return runtime.plan({ entry, files: input, args: [], ...more });
}

async function run(files: Record<string, string>, entry?: string) {
  const plan = await planned(files, entry);
  assert.ok(plan.ok);
  const { stdout, stderr, ...status } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), ...status };
}

const say = (what: string) => `public static void main(String[] args) { System.out.println(${what}); }`;
const printed = (stdout: string) => ({ stdout: `${stdout}\n`, stderr: '', exitCode: 0, signal: null });

describe('Java programs', () => {
  test('a single source may have any name, whatever its public type', async () => {
    assert.deepEqual(await run({ 'hello.java': `public class Hello { ${say('"é😀"')} }` }), printed('é😀'));
    assert.deepEqual(
      await run({ '': `package p; public record Point(int x) { ${say('new Point(1)')} }` }),
      printed('Point[x=1]'),
    );
  });
  test('all sources are compiled, and resources are found', async () => {
    const read = 'new String(Main.class.getResourceAsStream("/data/x.txt").readAllBytes())';
    const files = {
      'src/Main.java': `public class Main { public static void main(String[] a) throws Exception { System.out.println(${read} + Class.forName("lib.Loaded").getSimpleName()); } }`,
      'src/lib/Loaded.java': 'package lib; public class Loaded {}',
      'data/x.txt': 'data',
    };
    assert.deepEqual(await run(files, 'src/Main.java'), printed('dataLoaded'));
  });
  test('what the compiler only remarks upon is not shown', async () => {
    const code =
      'class Main { public static void main(String[] a) { java.util.List l = new java.util.ArrayList(); l.add(1); new Thread().stop(); System.out.println(l); } }';
    assert.deepEqual(await run({ '': code }), printed('[1]'));
  });
  test('a file that is no source cannot be run', async () => {
    const plan = await planned({ 'Main.java': 'class Main {}', 'x.txt': '' }, 'x.txt');
    assert.equal(plan.ok, false);
    assert.match(plan.ok ? '' : plan.message, /^x\.txt:1:1: cannot be run/);
  });
  test('a version is used when asked for, and in an image the one in it', async () => {
    const programs = async (more: object) => {
      const plan = await planned({ '': 'class Main {}' }, undefined, more);
      return plan.ok ? plan.stages.map(({ argv }) => argv[0]) : [];
    };
    const { versions = [] } = await runtime.describe();
    const last = versions.at(-1);
    const [compiler = '', launcher] = await programs({ version: last });
    assert.equal(launcher, compiler.replace(/javac$/, 'java'));
    await assert.rejects(programs({ version: '1.1' }), { code: 'language_unknown' });
    const [inImage] = await programs({ toolchain: 'image' });
    assert.equal(inImage, '/usr/lib/jvm/soulbox/bin/javac');
  });
  test('the compile stage is marked as one, and the heap can be limited', async () => {
    const plan = await planned({ '': 'class Main {}' });
    assert.deepEqual(plan.ok && plan.stages.map(({ name, compiles }) => [name, compiles]), [
      ['compile', true],
      ['run', undefined],
    ]);
    const small = javaRuntime(ConfigSchema.parse({ heapMiB: 64 }), () => undefined);
    const code = 'class Main { public static void main(String[] a) { byte[] b = new byte[200 << 20]; } }';
    const limited = await small.plan({ entry: undefined, files: [{ path: '', content: Buffer.from(code) }], args: [] });
    assert.ok(limited.ok);
    assert.match(Buffer.from((await runPlanUnsandboxed(limited)).stderr).toString(), /OutOfMemoryError/);
  });
});
