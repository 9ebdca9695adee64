import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { findJdks } from '../src/jdk.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-jdk-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A folder like a JDK's; what is left out is not in it. */
function pretend(name: string, release: string, without: readonly string[] = []): string {
  const home = join(folder, name);
  for (const path of ['bin/java', 'bin/javac', 'lib/modules', 'conf/security/java.policy'])
    if (!without.includes(path)) {
      mkdirSync(join(home, path, '..'), { recursive: true });
      writeFileSync(join(home, path), '', { mode: 0o755 });
    }
  writeFileSync(join(home, 'release'), release);
  return home;
}

const find = (settings: object, below = join(folder, 'nowhere')) => findJdks(ConfigSchema.parse(settings), below);

describe('findJdks', () => {
  test('finds the JDK of this machine, with where its configuration really is', async () => {
    const [usual] = await findJdks(ConfigSchema.parse({}));
    assert.match(usual.version, /^\d+\.\d+/);
    assert.ok(usual.paths.includes(join(usual.home, 'bin')));
    for (const path of usual.paths) assert.equal(realpathSync(path), path);
  });
  test('tells of other versions, the newest first, and shows what their links lead to', async () => {
    const jvms = join(folder, 'jvm');
    pretend('jvm/a', 'JAVA_VERSION="17.0.9"\n');
    const newer = pretend('jvm/b', 'X="y"\nJAVA_VERSION="21"\n');
    const etc = join(folder, 'etc');
    mkdirSync(join(etc, 'security'), { recursive: true });
    for (const name of ['net.properties', 'security/java.security', 'sound.properties'])
      writeFileSync(join(etc, name), '');
    symlinkSync(join(etc, 'net.properties'), join(newer, 'conf/net.properties'));
    symlinkSync(join(etc, 'sound.properties'), join(newer, 'conf/sound.properties'));
    symlinkSync(join(etc, 'security/java.security'), join(newer, 'conf/security/java.security'));
    symlinkSync(join(etc, 'gone'), join(newer, 'conf/gone'));
    const all = await find({ command: join(jvms, 'a/bin/javac') }, jvms);
    assert.deepEqual(
      all.map(({ version }) => version),
      ['17.0.9', '21.0'],
    );
    const parts = ['bin', 'conf', 'lib'].map((part) => join(newer, part));
    assert.deepEqual(all[1]?.paths, [join(etc, 'net.properties'), join(etc, 'security'), ...parts]);
    assert.equal((await find({ command: join(jvms, 'a/bin/javac'), versions: [] }, jvms)).length, 1);
    assert.equal((await find({ command: join(jvms, 'a/bin/javac'), versions: [newer, '/gone'] })).length, 2);
  });
  test('takes one from the usual folder where javac is not in PATH', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      const [usual] = await find({}, join(folder, 'jvm'));
      assert.ok(usual.home.startsWith(join(folder, 'jvm')));
      await assert.rejects(find({}), /no Java compiler was found; install a JDK 17/);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
  test('refuses one that is too old, has no compiler, or is none', async () => {
    const command = (home: string) => ({ command: join(home, 'bin/javac') });
    await assert.rejects(
      find(command(pretend('old', 'JAVA_VERSION="11.0.2"'))),
      /11\.0\.2 is too old; install a JDK 17/,
    );
    await assert.rejects(
      find(command(pretend('runtime', 'JAVA_VERSION="17.0.2"', ['lib/modules']))),
      /has no compiler/,
    );
    await assert.rejects(find(command(pretend('other', 'NAME="x"'))), /no Java compiler was found/);
  });
});
