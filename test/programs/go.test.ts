import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import go from '@soulbox/plugin-language-go';
import { goCache } from '../support/boxes.ts';
import { needs } from '../support/needs.ts';
import { realPrograms, type RealProgram } from './real-programs.ts';

/** Programs from Go's own tests, with what they print beside them. */
const printing = [
  'issue47272',
  'issue47713',
  'issue48276a',
  'issue48645a',
  'issue50109',
  'issue50193',
  'issue50690a',
  'issue50690b',
  'issue51303',
  'typeswitch2',
].map((name) => `typeparam/${name}`);

/** These say nothing unless something is wrong. */
const checking = [
  'chan/sieve1',
  'chan/powser1',
  'ken/chan',
  'typeparam/chans',
  'typeparam/graph',
  'typeparam/list',
  'typeparam/orderedmap',
  'typeparam/sets',
  'utf',
];

function tests(): string {
  if (needs('go') !== false) return '';
  return join(execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim(), 'test');
}

const folder = tests();
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

function program(name: string, expected: string): RealProgram {
  return { name, files: { [`${basename(name)}.go`]: read(`${name}.go`) }, expected };
}

realPrograms({
  language: 'go',
  plugins: { 'language-go': { plugin: go, config: { cache: goCache } } },
  skip: existsSync(folder) ? false : 'needs the tests of Go (golang-go): see test/support/components.sh',
  programs: () => [
    ...printing.map((name) => program(name, read(`${name}.out`))),
    ...checking.map((name) => program(name, '')),
  ],
});
