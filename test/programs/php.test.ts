import { existsSync, readFileSync } from 'node:fs';
import php from '@soulbox/plugin-language-php';
import { needs } from '../support/needs.ts';
import { realPrograms, type RealProgram } from './real-programs.ts';

/** A library of long integers in PHP alone; its documentation has a program for each operation, with what that prints. */
const library = '/usr/share/php/phpseclib/Math/BigInteger.php';

const block = /^ *\* <code>\n *\* <\?php\n(.*?)^ *\* \?>$/gms;
const printed = /; \/\/ outputs '?(?<what>-?\d+)'?(?: \(.*\))?$/;

function programs(): RealProgram[] {
  const source = readFileSync(library, 'utf8');
  return [...source.matchAll(block)].flatMap(([, body = ''], index) => {
    const code = body.replace(/^ *\* ?/gm, '');
    const lines = code.split('\n').filter((line) => line.includes('echo ') && !/echo "[^"]*";/.test(line));
    const expected = lines.map((line) => printed.exec(line)?.groups?.['what']);
    // Some tell in another way what is printed, and one has lost the sign of a variable.
    if (expected.length === 0 || expected.includes(undefined) || /= \w->/.test(code)) return [];
    const files = { 'main.php': `<?php\nrequire __DIR__ . '/BigInteger.php';\n${code}`, 'BigInteger.php': source };
    return [{ name: `example ${index + 1}`, files, expected: expected.join('\n') }];
  });
}

realPrograms({
  language: 'php',
  plugins: { 'language-php': { plugin: php } },
  skip: needs('php') || (existsSync(library) ? false : 'needs php-phpseclib: see test/support/components.sh'),
  programs,
});
