import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { needs } from '../support/needs.ts';
import { makeHome, root, soulbox } from '../support/soulbox.ts';

const run = promisify(execFile);

/** The files that the document shows, each after its name, and what it says to add to the configuration. */
async function shown(): Promise<{ files: Map<string, string>; configuration: string }> {
  const text = await readFile(join(root, 'sdk-plugin/docs/writing-a-plugin.md'), 'utf8');
  const files = new Map(
    [...text.matchAll(/^`([\w.]+)`:\n\n```\w+\n(.*?)^```$/gms)].map(([, name = '', code = '']) => [name, code]),
  );
  return { files, configuration: /`(plugins: \{ .* \})`\.$/m.exec(text)?.[1] ?? '' };
}

describe('the plugin that the document writes by hand', { skip: needs('perl') }, () => {
  it('passes its suites and runs its first program', async () => {
    await using home = await makeHome();
    const folder = join(home.folder, 'language-perl');
    await mkdir(join(folder, 'node_modules/@soulbox'), { recursive: true });
    for (const [name, from] of [
      ['core', 'core'],
      ['plugin-sdk', 'sdk-plugin'],
    ] as const)
      await symlink(join(root, from), join(folder, 'node_modules/@soulbox', name));
    const { files, configuration } = await shown();
    assert.deepEqual([...files.keys()], ['package.json', 'index.js', 'conformance.test.js', 'README.md', 'hello.pl']);
    for (const [name, content] of files) await writeFile(join(folder, name), content);

    const tested = await run(process.execPath, ['--test'], { cwd: folder, env: home.env });
    assert.match(tested.stdout, /^# fail 0$|^ℹ fail 0$/m);
    assert.match(tested.stdout, /LanguageRuntime/);

    await writeFile(join(home.folder, 'soulbox.yaml'), `${configuration}\n`);
    const ran = await soulbox(home, ['run', 'language-perl/hello.pl', '--args', 'me'], { cwd: home.folder });
    assert.equal(ran.stdout.toString(), 'hello from me\n', ran.stderr.toString());
    assert.equal(ran.code, 0);
  });
});
