/**
 * Writes the references of the SDK that are made from its types and catalogues. `npm run docs`; with `--check` it writes
 * nothing, and fails where a document differs. A folder as argument stands for `sdk-plugin/docs`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { contractsDocument } from './docs/contracts.mjs';
import { errorsDocument } from './docs/errors.mjs';
import { hooksDocument } from './docs/hooks.mjs';
import { root } from './workspaces.mjs';

const check = process.argv.includes('--check');
const folder = resolve(process.argv.slice(2).find((arg) => !arg.startsWith('-')) ?? join(root, 'sdk-plugin/docs'));
const note = '<!-- Made by `npm run docs` from the source. Do not edit. -->';
const documents = { 'hooks.md': hooksDocument, 'contracts.md': contractsDocument, 'errors.md': errorsDocument };
const settings = await resolveConfig(join(root, 'README.md'));

for (const [name, make] of Object.entries(documents)) {
  const [title, ...rest] = make().split('\n');
  const text = await format([title, '', note, ...rest].join('\n'), { ...settings, parser: 'markdown' });
  const file = join(folder, name);
  if (!check) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is not what the source says: run npm run docs`);
    process.exitCode = 1;
  }
}
