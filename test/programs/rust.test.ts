import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import rust from '@soulbox/plugin-language-rust';
import { needs } from '../support/needs.ts';
import { textOf } from './documents.ts';
import { realPrograms, type RealProgram } from './real-programs.ts';

/** Pages of "The Rust Programming Language", which toolchains bring, with a program and what it prints below it. */
const pages = [
  'ch03-01-variables-and-mutability',
  'ch03-03-how-functions-work',
  'ch03-05-control-flow',
  'ch05-02-example-structs',
  'ch13-01-closures',
  'ch15-03-drop',
  'ch15-04-rc',
  'ch15-05-interior-mutability',
  'ch15-06-reference-cycles',
];

function book(): string | undefined {
  if (needs('rustc', 'cc') !== false) return undefined;
  // The first in the PATH may be a chooser of versions that has none for this user.
  const { status, stdout } = spawnSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' });
  const own = status === 0 ? [join(stdout.trim(), 'share/doc/rust/html/book')] : [];
  const places = [...own, '/usr/share/doc/rust-doc/html/book'];
  return places.find((place) => existsSync(place));
}

const folder = book();
const block = /<pre[^>]*><code class="(?<kind>[^"]*)">(?<content>.*?)<\/code><\/pre>/gs;

/** The programs of a page that are followed by a run of Cargo, and what that shows of them. */
function programs(page: string): RealProgram[] {
  const blocks = [...readFileSync(join(folder ?? '', `${page}.html`), 'utf8').matchAll(block)].map((found) => ({
    kind: found.groups?.['kind'] ?? '',
    text: textOf(found.groups?.['content'] ?? ''),
  }));
  return blocks.flatMap(({ kind, text }, index) => {
    const next = blocks[index + 1];
    const isWhole = kind.includes('language-rust') && !/ignore|panic|does_not/.test(kind) && text.includes('fn main()');
    const output = next?.kind.includes('console') ? /^ *Running .*\n(?<output>[^]*)$/m.exec(next.text) : null;
    const expected = output?.groups?.['output'];
    if (!isWhole || expected === undefined || text.includes('dbg!')) return []; // that prints elsewhere
    return [{ name: `${page}, block ${index + 1}`, files: { 'main.rs': text }, expected }];
  });
}

realPrograms({
  language: 'rust',
  plugins: { 'language-rust': { plugin: rust } },
  skip: folder === undefined ? 'needs rust-doc: see test/support/components.sh' : false,
  programs: () => pages.flatMap(programs),
});
