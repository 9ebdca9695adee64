import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { wayVariable } from '../../conformance/way-variable.ts';
import { runCommand } from './run-command.ts';
import { repository, strangersFolder } from './strangers.ts';

// Other tests cover what runs here; measuring it again in some hundred processes only costs time.
delete process.env['NODE_V8_COVERAGE'];

const run = promisify(execFile);
const tool = (name: string) => join(repository, 'node_modules', '.bin', name);

/** Runs a program, with what it printed in the error where it fails. */
async function succeeds(
  file: string,
  args: readonly string[],
  cwd: string,
  variables: NodeJS.ProcessEnv = {},
): Promise<string> {
  // Without the mark of a test process: a plugin's own tests are a run of their own.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  try {
    return (await run(file, args, { cwd, env: { ...env, ...variables }, maxBuffer: 1 << 26 })).stdout;
  } catch (thrown) {
    const { stdout, stderr } = thrown as { stdout: string; stderr: string };
    throw new assert.AssertionError({ message: `${file} ${args.join(' ')}\n${stdout}${stderr}` });
  }
}

/** Kinds whose own tests say what the check cannot know; of the others the check runs the same suite in both ways. */
const knowMore: ReadonlySet<string> = new Set(['auth', 'language', 'operation']);

/** Registers that plugins of these kinds, as they are made, build, lint and pass their own tests and the check. */
export function tryKinds(kinds: readonly string[]): void {
  describe(`plugins as they are made: ${kinds.join(', ')}`, { concurrency: 3 }, () => {
    let top = '';
    let remove: () => Promise<void>;
    const folderOf = (kind: string) => join(top, `my-${kind}`);

    before(async () => {
      ({ path: top, remove } = await strangersFolder());
      for (const kind of kinds) assert.equal((await runCommand('new', kind, `my-${kind}`, '--dir', top)).code, 0);
      const compiler = join(top, 'node_modules', 'typescript', 'bin', 'tsc');
      await succeeds(process.execPath, [compiler, '-b', ...kinds.map(folderOf)], top);
    });
    after(() => remove());

    test('they pass a plain, strict linter and are formatted', async () => {
      await Promise.all(kinds.map((kind) => succeeds(tool('oxlint'), ['--deny-warnings'], folderOf(kind))));
      const files = kinds.flatMap((kind) => ['src', 'test', '*.{json,md}'].map((path) => `my-${kind}/${path}`));
      await succeeds(tool('prettier'), ['--config', join(repository, '.prettierrc.json'), '--check', ...files], top);
    });
    for (const kind of kinds) {
      test(`${kind}: passes its own tests`, async () => {
        const tests = readdirSync(join(folderOf(kind), 'dist', 'test')).filter((name) => name.endsWith('.test.js'));
        const files = tests.map((name) => join('dist', 'test', name));
        const args = ['--test', '--test-reporter=tap', ...files];
        const narrowed = knowMore.has(kind) ? {} : { [wayVariable]: 'inline' };
        const output = await succeeds(process.execPath, args, folderOf(kind), narrowed);
        assert.match(output, /^# pass [1-9]/m);
      });
      test(`${kind}: passes the check`, async () => {
        const { code, stdout } = await runCommand('check', folderOf(kind), '--json');
        assert.equal(code, 0, stdout);
        const parts = (JSON.parse(stdout) as { rules: { part: string }[] }).rules.map(({ part }) => part);
        assert.deepEqual([...new Set(parts)], ['package', 'inline', 'process']);
      });
      test(`${kind}: has nothing in it to fill in, and about 25 lines`, () => {
        const source = readFileSync(join(folderOf(kind), 'src', 'index.ts'), 'utf8');
        assert.ok(!source.includes('{{'));
        assert.ok(source.split('\n').length <= 40, `${source.split('\n').length} lines`);
      });
    }
  });
}
