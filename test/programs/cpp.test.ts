import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import cpp from '@soulbox/plugin-language-cpp';
import { needs } from '../support/needs.ts';
import { textOf } from './documents.ts';
import { realPrograms, type RealProgram } from './real-programs.ts';

/** Pages of cppreference.com, as Debian packages them, whose first example comes with what it prints. */
const pages = [
  'accumulate',
  'all_any_none_of',
  'binary_search',
  'copy',
  'count',
  'equal',
  'find_end',
  'for_each',
  'inner_product',
  'is_permutation',
  'make_heap',
  'max',
  'move',
  'next_permutation',
  'nth_element',
  'partial_sum',
];

const folder = '/usr/share/cppreference/doc/html/en/cpp/algorithm';
const example =
  /<div class="t-example">.*?<pre class="de1">(?<code>.*?)<\/pre>.*?Output:\s*<\/p>.*?<pre class="de1">(?<output>.*?)<\/pre>/s;

function program(page: string): RealProgram {
  const { code, output } = example.exec(readFileSync(join(folder, `${page}.html`), 'utf8'))?.groups ?? {};
  if (code === undefined || output === undefined) throw new Error(`${page} has no example with its output`);
  return { name: page, files: { 'main.cpp': textOf(code) }, expected: textOf(output) };
}

const documents = existsSync(folder) ? false : 'needs cppreference-doc-en-html: see test/support/components.sh';

realPrograms({
  language: 'cpp',
  plugins: { 'language-cpp': { plugin: cpp } },
  skip: needs('g++') || documents,
  programs: () => pages.map(program),
});
