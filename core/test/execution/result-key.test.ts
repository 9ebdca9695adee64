import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionRequest, LanguageRuntime } from '@soulbox/plugin-sdk';
import type { Prepared } from '../../src/execution/prepare.ts';
import { resultKey } from '../../src/execution/result-key.ts';
import type { Place } from '../../src/sandboxes/placement.ts';

interface Made {
  readonly request?: Partial<ExecutionRequest>;
  readonly files?: readonly [path: string, content: string][];
  readonly entry?: string | undefined;
  readonly language?: string;
  readonly place?: Partial<Omit<Place, 'chosen'>> & { readonly driver?: string };
  readonly plugins?: string;
  readonly viewer?: string;
}

const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };

function keyOf({
  request = {},
  files = [['', 'x']],
  entry,
  language = 'script',
  place = {},
  plugins = '',
  viewer = '',
}: Made) {
  const { driver = 'a', ...rest } = place;
  const prepared = {
    request: { id: 'i', tenant: 't', principalId: 'p', language, limits, ...request },
    language: { name: language },
    runtime: {} as LanguageRuntime,
    input: {
      files: files.map(([path, content]) => ({ path, content: Buffer.from(content) })),
      entry,
      args: request.args ?? [],
    },
  } as unknown as Prepared;
  const where = {
    chosen: { name: driver },
    toolchain: 'host',
    version: '1',
    versions: [],
    base: { paths: [] },
    ...rest,
  };
  return resultKey(prepared, { place: where as unknown as Place, plugins, viewer });
}

describe('the key of a result', () => {
  it('is another wherever something that decides the result differs', () => {
    const image = (digest: string): Made => ({
      place: { toolchain: 'image', base: { paths: [], image: 'i' }, digest },
    });
    const all: Made[] = [
      {},
      { request: { tenant: 'u' } },
      { language: 'other' },
      { place: { version: '2' } },
      { place: { driver: 'b' } },
      { place: { base: { paths: ['/usr'] } } },
      image('sha256:1'),
      image('sha256:2'),
      { plugins: 'p' },
      { viewer: 'p' },
      { files: [['', 'y']] },
      { files: [['a', 'x']] },
      {
        files: [
          ['a', 'x'],
          ['b', 'y'],
        ],
      },
      {
        files: [
          ['b', 'x'],
          ['a', 'y'],
        ],
      },
      {
        files: [
          ['a', 'x'],
          ['b', 'y'],
        ],
        entry: 'b',
      },
      {
        files: [
          ['a', 'xb'],
          ['', 'y'],
        ],
      },
      { request: { stdin: 'in' } },
      { request: { stdin: 'in\n' } },
      { request: { args: ['a', 'b'] } },
      { request: { args: ['a:b'] } },
      { request: { args: ['a\nb'] } },
      { request: { args: ['["a","b"]'] } },
      { request: { args: [''] } },
      { request: { env: { A: 'b' } } },
      { request: { env: { A: 'b:c' } } },
      { request: { env: { A: 'b', C: 'd' } } },
      { request: { env: { A: 'b\nC=d' } } },
      { request: { dependencies: ['a'] } },
      { request: { dependencies: ['a', 'b'] } },
      ...Object.keys(limits).map((name) => ({ request: { limits: { ...limits, [name]: 2 } } })),
    ];
    assert.equal(new Set(all.map(keyOf)).size, all.length);
  });

  it('is the same where nothing that decides differs', () => {
    const base = { stdin: 'in', env: { A: '1', B: '2' }, limits };
    const key = keyOf({ request: base });
    const turned = Object.fromEntries(Object.entries(limits).toReversed()) as typeof limits;
    for (const request of [
      { ...base, id: 'j', principalId: 'q', labels: { a: 'b' }, cache: { maxAgeMs: 1 } },
      { ...base, stdin: { data: 'in' } },
      { ...base, stdin: { data: 'aW4=', encoding: 'base64' as const } },
      { ...base, env: { B: '2', A: '1' } },
      { ...base, limits: turned },
      { ...base, args: [], dependencies: [], network: 'none' as const },
    ])
      assert.equal(keyOf({ request }), key);
  });

  it('never takes one of 100,000 pairs of runs for equal that are not', () => {
    // A linear congruence: the same pairs in every run.
    let state = 20_261_126;
    const below = (n: number) => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * n);
    };
    const pieces = ['', ':', '\n', '"', ',', '[', ']', '\\', 'a', 'b', '\0', 'é', '\ud800', '1:', '{}'];
    const word = () => Array.from({ length: below(3) }, () => pieces[below(pieces.length)]).join('');
    const words = () => Array.from({ length: below(3) }, word);
    // Few values each, so that many pairs differ in one thing only.
    const made = () => {
      const env = Object.fromEntries(words().map((value, n) => [`V${n}`, value]));
      const [args, dependencies] = [words(), words()];
      const request = { tenant: `t${below(2)}`, args, env, dependencies, stdin: word() };
      const files: [string, string][] = words().map((content, n) => [`${n}`, content]);
      return { request, files };
    };
    let equal = 0;
    let previous = made();
    for (let n = 0; n < 100_000; n++) {
      const next = n % 10 === 0 ? structuredClone(previous) : made();
      const same = isDeepStrictEqual(utf8(previous), utf8(next));
      assert.equal(keyOf(previous) === keyOf(next), same, JSON.stringify([previous, next]));
      if (same) equal += 1;
      previous = next;
    }
    assert.ok(equal >= 10_000);
  });
});

/** Contents and input as the program gets them, in UTF-8; everything else as it is. */
function utf8({ request, files }: { request: { stdin: string }; files: [string, string][] }) {
  const bytes = (text: string) => Buffer.from(text).toString('hex');
  return {
    request: { ...request, stdin: bytes(request.stdin) },
    files: files.map(([path, content]) => [path, bytes(content)]),
  };
}
