import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import python from '@soulbox/plugin-language-python';
import { realPrograms, type RealProgram } from './real-programs.ts';

const folder = '/usr/share/doc/python3.11/examples';

const standardLibrary = '/usr/lib/python3.11';

/** Modules whose documentation quotes sessions with what they print. */
const quoting = [
  'heapq',
  'random',
  'bisect',
  'fractions',
  'statistics',
  'difflib',
  'collections/__init__',
  'reprlib',
  'string',
  'copy',
];

/** Runs the sessions that a module of the standard library quotes in its documentation, as its authors do. */
function session(name: string): RealProgram {
  const code = readFileSync(join(standardLibrary, `${name}.py`), 'utf8');
  const file = `${name.replace(/\W/g, '_')}_copy.py`;
  const run = `import doctest, sys\nimport ${file.slice(0, -3)} as module\nfailed, tried = doctest.testmod(module)\nsys.exit(failed > 0)\n`;
  return { name, files: { 'run.py': run, [file]: code }, expected: '' };
}

/** The puzzle of the eight queens; its solutions are counted, not shown. */
function queens(): RealProgram {
  const code = readFileSync(join(folder, 'demo/queens.py'), 'utf8');
  return { name: 'demo/queens', files: { 'queens.py': code }, args: ['-n'], expected: 'Found 92 solutions.' };
}

realPrograms({
  language: 'python',
  plugins: { 'language-python': { plugin: python } },
  skip:
    existsSync(folder) && existsSync(standardLibrary)
      ? false
      : 'needs python3.11-examples: see test/support/components.sh',
  programs: () => [queens(), ...quoting.map(session)],
});
