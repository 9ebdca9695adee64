import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  findNpm,
  hostOf,
  matchDependencies,
  nodeInImage,
  npmDependencies,
  npmLayerOptions,
  refuseDependencies,
  trustedCertificates,
} from '@soulbox/plugin-sdk/toolchain';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-dependencies-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('every dependency that is not in the notation is named', () => {
  assert.deepEqual(
    matchDependencies(['a:1'], /^(\w+):(\d)$/, 'a:1').map(([, name]) => name),
    ['a'],
  );
  assert.throws(() => matchDependencies(['a:1', '-x', 'b'], /^\w+:\d$/, 'a:1'), {
    code: 'invalid_params',
    details: {
      problems: [
        { path: 'dependencies.1', message: 'must be written like a:1' },
        { path: 'dependencies.2', message: 'must be written like a:1' },
      ],
    },
  });
});

test('a package manager that is not there is missed by name', () => {
  assert.throws(() => refuseDependencies('X', 'install it'), {
    code: 'language_unavailable',
    message: /X.*install it/,
  });
});

test('a URL’s host has a port', () => {
  assert.equal(hostOf('https://a.example/simple/'), 'a.example:443');
  assert.equal(hostOf('http://127.0.0.1/'), '127.0.0.1:80');
  assert.equal(hostOf('http://127.0.0.1:81/'), '127.0.0.1:81');
});

test('certificates are those that the machine has, or the image', () => {
  assert.equal(
    trustedCertificates(undefined, () => false),
    undefined,
  );
  assert.match(trustedCertificates('host', (path) => path.startsWith('/etc/pki')) ?? '', /^\/etc\/pki\//);
  assert.match(trustedCertificates('image', () => false) ?? '', /^\/etc\/ssl\/certs\//);
});

describe('npm', () => {
  const plan = (dependencies: string[], npm = nodeInImage.npm) =>
    npmDependencies({ dependencies, registry: 'http://127.0.0.1:4873/', node: { ...nodeInImage, npm } });

  test('takes names with versions, ranges and tags', () => {
    const dependencies = ['left-pad@1.3.0', '@scope/name@^2', 'name', 'name@latest', 'name@>=1 <3'];
    const { stages, hosts, key, files } = plan(dependencies);
    assert.deepEqual(stages[0]?.argv.slice(-6), ['--', ...dependencies]);
    assert.ok(stages[0].argv.includes('--ignore-scripts'));
    assert.deepEqual(hosts, ['127.0.0.1:4873']);
    assert.match(key, /127\.0\.0\.1/);
    assert.equal(files[0]?.path, 'layer/package.json');
  });
  test('takes nothing that it would fetch from elsewhere or read from a file', () => {
    for (const bad of [
      '',
      '-g',
      'a/b',
      './a',
      'x.tgz',
      'https://x/y.tgz',
      'a@file:x',
      'a@npm:b',
      'git+ssh://x',
      'a@b/c',
    ])
      assert.throws(() => plan([bad]), { code: 'invalid_params' }, bad);
  });
  test('is missed where it is not there', () => {
    assert.throws(
      () => npmDependencies({ dependencies: ['a'], registry: 'https://x/', node: { ...nodeInImage, npm: undefined } }),
      { code: 'language_unavailable', message: /install npm/ },
    );
  });
  test('is found beside its Node.js, or nowhere', () => {
    const script = join(folder, 'prefix/lib/node_modules/npm/bin/npm-cli.js');
    mkdirSync(join(script, '..'), { recursive: true });
    writeFileSync(script, '');
    const found = findNpm(join(folder, 'prefix/bin/node'));
    assert.deepEqual(found, { script, paths: [join(folder, 'prefix/lib/node_modules/npm')] });
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      assert.equal(findNpm('/nowhere/at/all/node'), undefined);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});

describe('a layer of npm packages', () => {
  const layer = join(folder, 'a layer');
  for (const name of ['dep', '@scope/dep']) {
    const path = join(layer, 'node_modules', name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'index.js'), `module.exports = '${name}';`);
  }
  const run = (name: string, files: Record<string, string>) => {
    const cwd = join(folder, name);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(cwd, path, '..'), { recursive: true });
      writeFileSync(join(cwd, path), text);
    }
    const entry = Object.keys(files)[0] ?? '';
    return execFileSync(process.execPath, [...npmLayerOptions(layer), `./${entry}`], { cwd, encoding: 'utf8' });
  };
  test('is found by import and require', () => {
    const modules = "import a from 'dep'; import b from '@scope/dep'; console.log(a, b);";
    assert.equal(run('module', { 'main.mjs': modules }), 'dep @scope/dep\n');
    assert.equal(run('script', { 'lib/main.cjs': "console.log(require('dep'));" }), 'dep\n');
  });
  test('joins the packages that a program brought itself, which win', () => {
    const files = {
      'main.cjs': "console.log(require('dep'), require('own'), require('@scope/dep'));",
      'node_modules/dep/index.js': "module.exports = 'mine';",
      'node_modules/own/index.js': "module.exports = 'own';",
    };
    assert.equal(run('joined', files), 'mine own @scope/dep\n');
    assert.ok(existsSync(join(folder, 'joined/node_modules/own/index.js')));
    assert.match(readFileSync(join(layer, 'node_modules/dep/index.js'), 'utf8'), /'dep'/);
  });
  test('is nothing where there is none', () => {
    assert.deepEqual(npmLayerOptions(undefined), []);
  });
});
