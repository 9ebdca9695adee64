import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { PrecompiledHeaders } from '../src/precompiled.ts';
import { cppRuntime } from '../src/runtime.ts';

// Not below /tmp, which boxes have anew.
const cache = mkdtempSync('/var/tmp/soulbox-cpp-');
after(() => rmSync(cache, { recursive: true, force: true }));

const image = { reference: 'x', folder: '/x' };
const failures: string[] = [];

function start(settings: object = {}, signal = new AbortController().signal) {
  const precompiled = new PrecompiledHeaders({ signal, afterMs: 0, onFailure: (detail) => failures.push(detail) });
  const config = ConfigSchema.parse({ command: 'g++', cache, ...settings });
  return { precompiled, runtime: cppRuntime({ config, image, onUnusable: assert.fail, precompiled }) };
}
const usual = start();
const without = start({ precompiled: [] });

async function planned({ runtime }: typeof usual, files: Record<string, string>) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: undefined, files: input, args: [] });
  assert.ok(plan.ok);
  return plan;
}

/** The header set that the plan uses, by its folder. */
async function setOf(files: Record<string, string>): Promise<string | undefined> {
  const { stages } = await planned(usual, files);
  return /([^/]+)\/headers$/.exec(stages[0]?.argv.find((part) => part.endsWith('/headers')) ?? '')?.[1];
}

async function run(started: typeof usual, files: Record<string, string>) {
  const { stdout, stderr, exitCode, signal } = await runPlanUnsandboxed(await planned(started, files));
  const said = Buffer.from(stderr)
    .toString()
    .replaceAll(/\/tmp\/cc\w+/g, '/tmp/x');
  return { stdout: Buffer.from(stdout).toString(), stderr: said, exitCode, signal };
}

const everything = '#include <bits/stdc++.h>\nusing namespace std;\n';
const streams = '#include <iostream>\n';

/** Has both sets made. */
async function make(): Promise<void> {
  for (const text of [everything, streams]) {
    await setOf({ 'main.cpp': text });
    await usual.precompiled.settled();
  }
}

describe('precompiled headers', () => {
  test('are made once they could serve, and used from then on', async () => {
    assert.equal(await setOf({ 'main.cpp': everything }), undefined);
    await usual.precompiled.settled();
    assert.equal(await setOf({ 'main.cpp': everything }), 'bits_stdc++.h');
    assert.deepEqual(failures, []);
  });

  test('programs and errors are the same with them', async () => {
    await make();
    const programs: Record<string, string>[] = [
      {
        'main.cpp': `${everything}int main() { map<string, int> m{{"a", 1}}; for (auto& [k, v] : m) cout << k << v; }\n`,
      },
      { 'main.cpp': `${streams}#include <stdexcept>\nint main() { throw std::runtime_error("deliberate"); }\n` },
      { 'main.cpp': `${streams}int main() {\n  int x = "text";\n  undeclared();\n}\n` },
      { 'main.cpp': `${everything}struct X {};\nint main() { vector<X> v; sort(v.begin(), v.end()); cout << X{}; }\n` },
      { 'main.cpp': `${streams}int missing();\nint main() { return missing(); }\n` },
      { 'main.cpp': `${streams}#warning said\nint main() { std::cout << __COUNTER__ << __LINE__ << __FILE__; }\n` },
      {
        'main.cpp': `${streams}#include "b.hpp"\nint main() { b(); }\n`,
        'b.hpp': 'void b();\n',
        'b.cpp': `${streams}#include "b.hpp"\nvoid b() { std::cout << "b"; }\n`,
      },
    ];
    for (const files of programs) {
      assert.notEqual(await setOf(files), undefined);
      assert.deepEqual(await run(usual, files), await run(without, files), files['main.cpp']);
    }
  });

  test('the compiled program is the same, byte by byte', async () => {
    await make();
    const files = {
      'main.cpp': `${streams}int main() { std::ios_base::sync_with_stdio(false); std::cout << 1 << "\\n"; }\n`,
    };
    const objects = await Promise.all(
      [usual, without].map(async (started) => {
        const { files: written, stages } = await planned(started, files);
        const [first, ...rest] = stages;
        assert.ok(first && rest.length === 1);
        // Of the object file, before any linker.
        const argv = [...first.argv, '-c'];
        const show = { name: 'show', argv: ['/usr/bin/env', 'cat', '.program'], env: first.env };
        return runPlanUnsandboxed({ ok: true, files: written, stages: [{ ...first, argv }, show] });
      }),
    );
    assert.ok((objects[0]?.stdout.length ?? 0) > 1000);
    assert.deepEqual(objects[0]?.stdout, objects[1]?.stdout);
  });

  test('the largest set is chosen that all sources begin with', async () => {
    for (const text of [
      '#include <algorithm>\n#include <iostream>\n// x\n#include <cmath>\n/* y\n */ #include <vector>\n',
      streams,
    ]) {
      await setOf({ 'main.cpp': text });
      await usual.precompiled.settled();
    }
    assert.equal(
      await setOf({ 'main.cpp': '#include <vector>\n#include <algorithm>\n#include <iostream>\n' }),
      'iostream,vector,algorithm',
    );
    const parts = {
      'main.cpp': `${streams}#include <vector>\n#include <algorithm>\n`,
      'b.cpp': `#include <cstdio>\n${streams}`,
    };
    assert.equal(await setOf(parts), 'iostream');
  });

  test('they are left out where they could change what a program means', async () => {
    await make();
    const cases: Record<string, string>[] = [
      { 'main.cpp': `#define NDEBUG\n${streams}` },
      { 'main.cpp': `#pragma GCC optimize("O3")\n${everything}` },
      { 'main.cpp': `#ifdef X\n${streams}#endif\n` },
      { 'main.cpp': `// joined \\\n${streams}` },
      { 'main.cpp': `// joined ??/\n${streams}` },
      { 'main.cpp': `/* ${streams} */\nint main() {}\n` },
      { 'main.cpp': `int x;\n${streams}` },
      { 'main.cpp': `#include "own.hpp"\n${streams}`, 'own.hpp': '' },
      { 'main.cpp': `#include <own.hpp>\n${streams}`, 'own.hpp': '' },
      { 'main.cpp': '#include <cstdio>\n' },
      { 'main.cpp': streams, 'b.cpp': '' },
      { 'main.cpp': streams, 'string.h': '' },
      { 'main.cpp': streams, 'include/vector': '' },
      { 'main.cpp': '\uFEFF#include <iostream>\n' },
    ];
    for (const files of cases) assert.equal(await setOf(files), undefined, files['main.cpp']);
  });

  test('what was made before a header changed is made again, and what is left of it is taken away', async () => {
    const text = 'int main() {}\n';
    const files = { 'main.cpp': `${streams}${text}` };
    await make();
    const [folder = ''] = readdirSync(cache).filter((name) => existsSync(join(cache, name, 'iostream')));
    const made = join(cache, folder, 'iostream/headers.gch');
    assert.match(readFileSync(join(made, '../needs'), 'utf8'), /\/iostream/);
    rmSync(join(made, '../needs'));
    const again = start();
    // Nothing is known of what it was made of.
    await planned(again, files);
    await again.precompiled.settled();
    assert.ok(existsSync(join(made, '../needs')));
    // As if one of them were there no more.
    writeFileSync(join(made, '../needs'), 'headers.gch: /usr/include/no/such/header\n');
    const later = start();
    await planned(later, files);
    await later.precompiled.settled();
    assert.doesNotMatch(readFileSync(join(made, '../needs'), 'utf8'), /such/);
    assert.deepEqual(
      readdirSync(join(cache, folder)).filter((name) => /\.\d/.test(name)),
      [],
    );
  });

  test('a host that ends, ends what is being made; what cannot be made is told once and done without', async () => {
    const ending = new AbortController();
    const other = start({ options: ['-O2'] }, ending.signal);
    await planned(other, { 'main.cpp': streams });
    await delay(100);
    ending.abort();
    await other.precompiled.settled();
    const left = readdirSync(cache, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      left.filter((name) => /\.\d+$/.test(name)),
      [],
    );
    await planned(other, { 'main.cpp': streams });
    await other.precompiled.settled();
    assert.deepEqual(failures, []);
    const wrong = start({ options: ['-fno-such-option'] });
    for (let n = 0; n < 2; n++) {
      await planned(wrong, { 'main.cpp': streams });
      await wrong.precompiled.settled();
    }
    assert.equal(failures.length, 1);
    assert.match(failures[0] ?? '', /no-such-option/);
  });

  test('without a folder to keep them in, programs are compiled all the same', async () => {
    const homeless = start({ cache: '/dev/null/x' });
    assert.equal((await run(homeless, { 'main.cpp': `${streams}int main() { std::cout << 1; }\n` })).stdout, '1');
  });

  test('the image has what the usual settings want', async () => {
    const dockerfile = readFileSync(new URL('../../image/Dockerfile', import.meta.url), 'utf8');
    const { precompiled, standard, options } = ConfigSchema.parse({});
    assert.match(
      dockerfile,
      new RegExp(
        `for set in ${precompiled
          .map((set) => set.join(','))
          .join(' ')
          .replaceAll('+', '\\+')};`,
      ),
    );
    const input = { entry: undefined, args: [], toolchain: 'image' as const };
    const plan = await usual.runtime.plan({ ...input, files: [{ path: '', content: Buffer.from(streams) }] });
    assert.ok(plan.ok);
    const argv = plan.stages[0]?.argv ?? [];
    assert.ok(argv.includes('/usr/local/share/soulbox-cpp/iostream/headers'));
    const command = argv.slice(argv.indexOf('/usr/bin/g++'), argv.indexOf('-I')).join(' ');
    assert.ok(dockerfile.includes(command) && command.includes(`-std=${standard} ${options.join(' ')}`), command);
  });
});
