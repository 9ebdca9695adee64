import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runPlanUnsandboxed, serveFiles } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { gemDependencies } from '../src/gems.ts';
import { rubyRuntime } from '../src/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-gems-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a gem and, as the small part of an index that an installation reads, the lists and the gem's description. */
const makeIndex = `
require "rubygems/package"
require "zlib"
spec = Gem::Specification.new("demo", "1.0") { |s| s.summary = "x"; s.authors = ["x"]; s.files = ["lib/demo.rb"] }
Dir.mkdir("lib"); File.write("lib/demo.rb", 'WORD = "from the layer"')
Dir.mkdir("gems"); Gem::Package.build(spec, false, false, "gems/demo-1.0.gem")
require "fileutils"
FileUtils.mkdir_p("quick/Marshal.4.8")
File.binwrite("quick/Marshal.4.8/demo-1.0.gemspec.rz", Zlib::Deflate.deflate(Marshal.dump(spec)))
list = Marshal.dump([["demo", Gem::Version.new("1.0"), "ruby"]])
%w[specs latest_specs].each { |name| File.binwrite("#{name}.4.8.gz", Zlib.gzip(list)) }
File.binwrite("prerelease_specs.4.8.gz", Zlib.gzip(Marshal.dump([])))
`;

describe('gem', () => {
  test('puts gems of a server into the layer, where the program finds them', async () => {
    mkdirSync(join(folder, 'index'));
    const index = join(folder, 'index');
    execFileSync('ruby', ['-e', makeIndex], { cwd: index, stdio: ['ignore', 'ignore', 'inherit'] });
    const files = readdirSync(index, { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(join(index, path)).isFile(),
    );
    await using server = await serveFiles(() =>
      Object.fromEntries(files.map((path) => [`/${path}`, readFileSync(join(index, path))])),
    );
    const runtime = rubyRuntime(ConfigSchema.parse({ source: `${server.url}/` }), () => undefined);
    const built = await runtime.dependencies?.({ dependencies: ['demo:1.0'] });
    assert.ok(built);
    const code = Buffer.from('require "demo"\nrequire "json"\nputs WORD\n');
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content: code }],
      args: [],
      layer: 'layer',
    });
    assert.ok(plan.ok);
    const stages = [...built.stages, ...plan.stages].map((stage) => ({
      ...stage,
      env: { ...stage.env, HOME: folder },
    }));
    const { stdout, stderr, exitCode } = await runPlanUnsandboxed({
      ok: true,
      files: [...built.files, ...plan.files],
      stages,
    });
    assert.equal(exitCode, 0, Buffer.from(stderr).toString());
    assert.match(Buffer.from(stdout).toString(), /from the layer\n$/);
  });

  const plan = (dependencies: string[]) =>
    gemDependencies(
      { dependencies, toolchain: 'image' },
      { executable: '/ruby', version: '3.1.2' },
      ConfigSchema.parse({}),
    );

  test('takes names with versions and requirements', () => {
    const dependencies = ['rack', 'rack:3.0.0', 'active_record-x:~>7.1', 'a:>= 2'];
    const { stages, hosts, key } = plan(dependencies);
    assert.deepEqual(stages[0]?.argv.slice(-4), dependencies);
    assert.deepEqual(hosts, ['rubygems.org:443', 'index.rubygems.org:443']);
    assert.match(key, /3\.1\.2/);
  });
  test('takes nothing else', () => {
    for (const bad of ['', '-x', './x', 'x.gem', 'a/b', 'https://x', 'a:', 'a: 1', 'a:1 b'])
      assert.throws(() => plan([bad]), { code: 'invalid_params' }, bad);
  });
});
