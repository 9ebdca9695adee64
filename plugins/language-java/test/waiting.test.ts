import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Duplex } from 'node:stream';
import { after, describe, test } from 'node:test';
import type { PlannedStage } from '@soulbox/plugin-sdk';
import { ConfigSchema } from '../src/config.ts';
import { javaRuntime } from '../src/runtime.ts';

const runtime = javaRuntime(ConfigSchema.parse({}), assert.fail);
const folder = mkdtempSync(join(tmpdir(), 'soulbox-java-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let used = 0;

interface Compiled {
  readonly exitCode: number | null;
  readonly said: string;
  /** What it left in the working directory, by path. */
  readonly left: Readonly<Record<string, string>>;
}

function home(files: readonly { path: string; content: Uint8Array }[]): string {
  const place = join(folder, String((used += 1)));
  mkdirSync(place);
  for (const { path, content } of files) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), content);
  }
  return place;
}

function leftIn(place: string): Record<string, string> {
  const names = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(paths.map((path) => [path.slice(place.length), readFileSync(path, 'base64')]));
}

/** What the supervisor of a box writes: as `agent/PROTOCOL.md` has it. */
function jobOf({ argv, env }: PlannedStage): Buffer {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const texts = Buffer.from([...argv, ...variables].map((text) => `${text}\0`).join(''));
  const job = Buffer.alloc(13);
  job.writeUInt32LE(9 + texts.length, 0);
  job.writeUInt32LE(argv.length, 5);
  job.writeUInt32LE(variables.length, 9);
  return Buffer.concat([job, texts]);
}

async function compile(files: Record<string, string>, warm: boolean): Promise<Compiled> {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: undefined, files: input, args: [] });
  const stage = plan.ok ? plan.stages[0] : undefined;
  assert.ok(plan.ok && stage?.warm?.file);
  // Only then do files of the program come.
  const place = home(warm ? [stage.warm.file] : plan.files);
  const { argv, env } = warm ? stage.warm : stage;
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: place,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const outputs = Promise.all([buffer(child.stdout!), buffer(child.stderr!)]);
  const supervisor = child.stdio[3] as Duplex;
  if (warm) {
    const [ready] = (await once(supervisor)) as Buffer;
    assert.equal(ready, 'r'.charCodeAt(0));
    assert.deepEqual(readdirSync(place), [], 'nothing of it is left');
    for (const { path, content } of plan.files) {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      writeFileSync(join(place, path), content);
    }
    supervisor.end(jobOf(stage));
  }
  supervisor.resume();
  const said = Buffer.concat(await outputs).toString();
  return { exitCode: await ended, said, left: leftIn(place) };
}

const once = (from: Duplex) => new Promise((resolve) => from.once('data', resolve));

const programs: Record<string, Record<string, string>> = {
  'a small program': {
    '': 'class Main { public static void main(String[] a) { System.out.println("é" + a.length); } }',
  },
  'what the compiler was tried with, and a class of its name': {
    'Sample.java':
      'import java.util.*;\npublic class Sample { enum Kind { ROUND } record Circle(double r) {} public static void main(String[] a) { Runnable r = () -> System.out.println(Kind.ROUND + "" + new Circle(1)); r.run(); new Object() { }; } }',
  },
  'several files': {
    'Main.java': 'public class Main { public static void main(String[] a) { System.out.println(lib.B.x()); } }',
    'lib/B.java':
      'package lib;\npublic class B { public static String x() { return switch (1) { default -> "b"; }; } }',
  },
  'errors of many kinds': {
    '': 'class Main { int f() { } void g() { int x = "s"; undeclared(); List<String> l; h(1, 2); } void h(int a) {} }',
  },
  'an error of the parser': { '': 'class Main { void f( { }' },
};

describe('the compiler that waits', () => {
  for (const [name, files] of Object.entries(programs))
    test(`compiles as javac does: ${name}`, async () => {
      assert.deepEqual(await compile(files, true), await compile(files, false));
    });

  test('ends when nobody will come, and leaves nothing', async () => {
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content: Buffer.from('class Main {}') }],
      args: [],
    });
    const warm = plan.ok ? plan.stages[0]?.warm : undefined;
    assert.ok(warm?.file);
    const place = home([warm.file]);
    const child = spawn(warm.argv[0]!, warm.argv.slice(1), {
      cwd: place,
      env: { ...warm.env },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const said = buffer(child.stderr!);
    const supervisor = child.stdio[3] as Duplex;
    await once(supervisor);
    supervisor.end();
    assert.equal(await ended, 0);
    assert.equal((await said).toString(), '');
    assert.deepEqual(readdirSync(place), []);
  });

  test('is the same for all programs of one JDK, and none where that is the setting', async () => {
    const warmOf = async (from: typeof runtime) => {
      const plan = await from.plan({
        entry: undefined,
        files: [{ path: '', content: Buffer.from('class Main {}') }],
        args: [],
      });
      return plan.ok ? plan.stages.map(({ warm }) => warm) : [];
    };
    const [first, run] = await warmOf(runtime);
    assert.ok(first && run === undefined);
    assert.equal((await warmOf(runtime))[0], first);
    assert.deepEqual(await warmOf(javaRuntime(ConfigSchema.parse({ waiting: false }), assert.fail)), [
      undefined,
      undefined,
    ]);
  });
});
