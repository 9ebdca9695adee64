import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import { readSnippets, type Snippet } from './snippets.ts';

interface Detection {
  readonly language: string | null;
  readonly confidence: number;
  readonly by: string | null;
  readonly candidates: readonly { readonly language: string; readonly confidence: number }[];
}

const names = ['cpp', 'go', 'java', 'javascript', 'php', 'python', 'ruby', 'rust', 'typescript'];
const repository = fileURLToPath(new URL('../../../', import.meta.url));
/** Patterns were made with the first half in sight; the second was written when they stood. */
const halves = ['first', 'second'] as const;
const leastAccuracy = 0.95;

const endings: Readonly<Record<string, readonly string[]>> = {
  cpp: ['main.cpp', 'src/a.cc', 'x.cxx'],
  go: ['main.go', 'go.mod'],
  java: ['Main.java', 'src/com/x/App.java'],
  javascript: ['index.js', 'a.mjs', 'a.cjs'],
  php: ['index.php', 'artisan'],
  python: ['main.py', 'SConstruct'],
  ruby: ['main.rb', 'Rakefile', 'Gemfile'],
  rust: ['main.rs', 'src/lib.rs'],
  typescript: ['index.ts', 'a.mts', 'a.cts'],
};

const shebangs: Readonly<Record<string, readonly string[]>> = {
  javascript: ['#!/usr/bin/env node', '#!/usr/bin/nodejs', '#!/usr/bin/env -S node --no-warnings'],
  php: ['#!/usr/bin/php', '#!/usr/bin/env php8.2'],
  python: ['#!/usr/bin/python', '#!/usr/bin/env python3', '#!/usr/local/bin/python3.11 -u', '#!/usr/bin/env pypy3'],
  ruby: ['#!/usr/bin/env ruby', '#!/usr/bin/ruby3.1 -w'],
  typescript: ['#!/usr/bin/env tsx', '#!/usr/bin/env -S ts-node --esm', '#!/usr/bin/env -S deno run'],
};

/** Rows: what programs are; columns: what they are taken for. */
function confusion(judged: readonly (readonly [Snippet, Detection])[]): string {
  const columns = [...names, 'unknown'];
  const rows = names.map((name) => {
    const counts = columns.map(
      (column) =>
        judged.filter(([{ language }, found]) => language === name && (found.language ?? 'unknown') === column).length,
    );
    return [name.padEnd(11), ...counts.map((count) => String(count || '.').padStart(11))].join('');
  });
  return ['', [' '.repeat(11), ...columns.map((column) => column.padStart(11))].join(''), ...rows].join('\n');
}

describe('the language of a program', () => {
  let host: TestHost;
  before(async () => {
    const folders = names.map((name) => [`language-${name}`, join(repository, 'plugins', `language-${name}`)] as const);
    const plugins = Object.fromEntries(folders.map(([id, folder]) => [id, { package: folder }]));
    host = await createTestHost({ config: { plugins } });
  });
  after(() => host.stop());

  const detect = (params: object): Promise<Detection> => host.call('languages.detect', params) as Promise<Detection>;

  it('is told by the name of its file, always', async () => {
    for (const [language, files] of Object.entries(endings))
      for (const fileName of files) {
        const found = await detect({ fileName, code: 'x = 1' });
        assert.deepEqual([fileName, found.language, found.by], [fileName, language, 'name']);
      }
  });

  it('is told by its first line, always', async () => {
    for (const [language, lines] of Object.entries(shebangs))
      for (const line of lines) {
        const found = await detect({ fileName: 'program', code: `${line}\nx = 1\n` });
        assert.deepEqual([line, found.language, found.by], [line, language, 'shebang']);
      }
  });

  for (const half of halves)
    it(`is told by its text alone in the ${half} half of the labelled programs`, async (t) => {
      const snippets = readSnippets(join(repository, 'test/detection/snippets', half));
      const labelled = snippets.filter(({ language }) => language !== null);
      assert.ok(labelled.length >= 100 && names.every((name) => labelled.some(({ language }) => language === name)));
      const judged: [Snippet, Detection][] = [];
      for (const snippet of labelled) judged.push([snippet, await detect({ code: snippet.code })]);
      const wrong = judged.filter(([{ language }, found]) => found.language !== language);
      for (const [{ language, title }, found] of wrong)
        t.diagnostic(`${language}, ${title}: taken for ${found.language ?? 'unknown'}`);
      const accuracy = 1 - wrong.length / judged.length;
      t.diagnostic(`${judged.length - wrong.length} of ${judged.length}, ${(100 * accuracy).toFixed(1)} %`);
      t.diagnostic(confusion(judged));
      assert.ok(accuracy >= leastAccuracy);
    });

  for (const half of halves)
    it(`is not known where the text of the ${half} half does not tell`, async () => {
      const snippets = readSnippets(join(repository, 'test/detection/snippets', half));
      const ambiguous = snippets.filter(({ language }) => language === null);
      assert.ok(ambiguous.length >= 5);
      for (const { title, code } of ambiguous) {
        const { language, confidence, by } = await detect({ code });
        assert.deepEqual([title, language, confidence, by], [title, null, 0, null]);
      }
    });

  it('takes time in proportion to the text, whatever the text', async (t) => {
    const size = 50 * 1024;
    const pumps = [
      ' ',
      'a',
      '(',
      ')',
      '<',
      '>',
      ',',
      ':',
      '.',
      '"',
      "'",
      '`',
      '{',
      '}',
      '$a',
      'a ',
      'a.',
      'a,',
      '(a',
      '<a',
    ];
    const heads = ['', 'def f(', 'class A', 'function f(', 'public static ', 'const x = (', 'for (auto', 'import '];
    let slowest = { ms: 0, what: '' };
    for (const pump of pumps)
      for (const head of heads)
        for (const width of [190, size]) {
          // Different lines, since equal ones are looked at once.
          const line = (head + pump.repeat(width)).slice(0, width);
          const code = Array.from({ length: Math.ceil(size / width) }, (_, at) => line + at).join('\n');
          const begun = performance.now();
          const { candidates } = await detect({ code });
          const ms = performance.now() - begun;
          assert.ok(candidates.length <= names.length);
          if (ms > slowest.ms) slowest = { ms, what: JSON.stringify(head + pump) };
        }
    // A pattern that looked at its text again and again would not come to an end before the test is ended.
    t.diagnostic(`the slowest of ${pumps.length * heads.length * 2}: ${slowest.ms.toFixed(0)} ms for ${slowest.what}`);
  });
});
