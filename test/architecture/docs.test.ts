import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from './tree.ts';

const documents = join(root, 'sdk-plugin/docs');
const scratch = mkdtempSync(join(tmpdir(), 'soulbox-docs-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function docs(...args: readonly string[]): { code: number | null; stderr: string } {
  const script = join(root, 'config/scripts/docs.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { code: status, stderr };
}

test('the references say what the source says: otherwise npm run docs', () => {
  assert.deepEqual(docs('--check'), { code: 0, stderr: '' });
});

test('a reference that differs, or is not there, is named with what to do', () => {
  cpSync(documents, scratch, { recursive: true });
  const hooks = join(scratch, 'hooks.md');
  writeFileSync(hooks, readFileSync(hooks, 'utf8').replace('5000 ms', '6000 ms'));
  rmSync(join(scratch, 'errors.md'));
  const { code, stderr } = docs('--check', scratch);
  assert.equal(code, 1);
  assert.match(stderr, /^hooks\.md is not what the source says: run npm run docs\nerrors\.md is not .*\n$/);
  assert.deepEqual(docs(scratch), { code: 0, stderr: '' });
  assert.deepEqual(docs('--check', scratch), { code: 0, stderr: '' });
});

test('every hook, contract and error code has its place', () => {
  const text = (name: string) => readFileSync(join(documents, name), 'utf8');
  assert.match(text('hooks.md'), /^## execution\.output$/m);
  assert.match(text('contracts.md'), /^## Store$[^]*^### commit$[^]*\*\*Throws\*\* `conflict`/m);
  assert.match(text('errors.md'), /^\| `hook_timeout` /m);
});
