import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ruby from '@soulbox/plugin-language-ruby';
import { needs } from '../support/needs.ts';
import { realPrograms, type RealProgram } from './real-programs.ts';

/** Programs by which the authors of RSS, a library that comes with Ruby, check it: each counts what it tried and what failed. */
const checking = [
  'test_1.0',
  'test_2.0',
  'test_accessor',
  'test_itunes',
  'test_dublincore',
  'test_image',
  'test_maker_2.0',
  'test_maker_atom_feed',
  'test_parser',
  'test_parser_1.0',
  'test_setup_maker_1.0',
  'test_to_s',
  'test_xml-stylesheet',
];

function tests(): string {
  if (needs('ruby') !== false) return '';
  const find = "print Gem::Specification.find_by_name('rss').full_gem_path rescue nil";
  return join(execFileSync('ruby', ['-e', find], { encoding: 'utf8' }), 'test');
}

const folder = tests();
const shared = ['rss-testcase.rb', 'rss-assertions.rb'];

function program(name: string): RealProgram {
  const files = [`${name}.rb`, ...shared].map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
  const expected = /^[1-9]\d* tests, [1-9]\d* assertions, 0 failures, 0 errors, 0 pendings, 0 omissions, /m;
  return { name, files: Object.fromEntries(files), expected };
}

realPrograms({
  language: 'ruby',
  plugins: { 'language-ruby': { plugin: ruby } },
  skip: existsSync(join(folder, 'rss-testcase.rb')) ? false : 'needs ruby: see test/support/components.sh',
  programs: () => checking.map(program),
});
