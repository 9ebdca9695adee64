import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { needs } from '../support/needs.ts';
import { startHost } from '../support/running-host.ts';
import { makeHome, root, soulbox, type Home } from '../support/soulbox.ts';

const run = promisify(execFile);

/** The fenced blocks of one language in a README. */
async function blocks(readme: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, readme), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code ?? '');
}

/** The commands that a README shows, without comments, as lists of arguments of `soulbox`. */
async function commands(readme: string): Promise<string[][]> {
  const text = await readFile(join(root, readme), 'utf8');
  return [...text.matchAll(/npx soulbox ([^`#\n]+)/g)].map(([, line]) => (line ?? '').trim().split(/\s+/));
}

describe('what the READMEs show', { skip: needs('python3') }, () => {
  let home: Home;
  before(async () => {
    home = await makeHome();
    await symlink(join(root, 'examples'), join(home.folder, 'examples'));
    await symlink(join(root, 'node_modules'), join(home.folder, 'node_modules'));
    await writeFile(join(home.folder, 'package.json'), '{ "type": "module" }');
  });
  after(() => home[Symbol.asyncDispose]());

  const node = async (file: string, code: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
    await writeFile(join(home.folder, file), code);
    return (await run(process.execPath, [file], { cwd: home.folder, env: { ...home.env, ...env } })).stdout;
  };

  it('every command does what it says', async () => {
    await writeFile(join(home.folder, 'job.py'), 'import helper\nhelper.show()\n');
    await writeFile(
      join(home.folder, 'helper.py'),
      'import os, sys\ndef show(): print(os.environ["MODE"], sys.argv[1:], sys.stdin.read())\n',
    );
    await writeFile(join(home.folder, 'data.csv'), '1,2');
    const shown = await commands('README.md');
    assert.ok(shown.length >= 8, 'the README shows no commands');
    const printed = new Map<string, string>();
    for (const args of shown) {
      const { code, stdout, stderr } = await soulbox(home, args, { cwd: home.folder });
      assert.equal(code, 0, `soulbox ${args.join(' ')}: ${stderr.toString()}`);
      printed.set(args.join(' '), stdout.toString());
    }
    const of = (start: string) => [...printed].find(([line]) => line.startsWith(start))?.[1] ?? `no ${start}`;
    assert.match(of('run examples/hello.py'), /^Hello/);
    assert.equal((JSON.parse(of('run examples/hello.ts --json')) as { verdict: string }).verdict, 'ok');
    assert.equal(of('run job.py'), "fast ['one', 'two'] 1,2\n");
  });

  it('the WebSocket client gets its answer', async () => {
    const [code = ''] = await blocks('README.md', 'js');
    const host = await startHost();
    try {
      const printed = await node('client.js', code, { SOULBOX_URL: host.url, SOULBOX_KEY: host.key });
      assert.equal(printed.trim(), 'ok: 42');
    } finally {
      assert.equal(await host.end('SIGTERM'), 0);
      await host.home[Symbol.asyncDispose]();
    }
  });

  it('the configuration file has no mistake', async () => {
    const [yaml = ''] = await blocks('README.md', 'yaml');
    const file = join(home.folder, 'shown.yaml');
    await writeFile(file, yaml);
    const { code, stderr } = await soulbox(home, ['config', 'check', '--config', file]);
    assert.equal(code, 0, stderr.toString());
    assert.ok(yaml.includes('plugins:'), 'the README shows no configuration');
  });

  it('the plugin passes its own test', async () => {
    const [plugin = '', own = ''] = await blocks('sdk-plugin/README.md', 'js');
    const [manifest = ''] = await blocks('sdk-plugin/README.md', 'json');
    const folder = join(home.folder, 'night-watch');
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), manifest);
    await writeFile(join(folder, 'index.js'), plugin);
    assert.match(await node('night-watch/own.js', own), /pass 1\n/);
  });

  it('a host can be made in code', async () => {
    const [code = ''] = await blocks('core/README.md', 'js');
    await writeFile(join(home.folder, 'soulbox.yaml'), 'plugins: { transport-websocket: { config: { port: 0 } } }\n');
    assert.match(await node('embed.js', code), /^\[ 'ws:\/\/127\.0\.0\.1:\d+\/rpc' \]\n$/);
  });
});
