import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { modes, Programs } from './support/program.ts';
import { RealAgent } from './support/real-agent.ts';

for (const mode of modes)
  describe(`the paths of a box, as ${mode.name}`, () => {
    let programs: Programs;
    let folder: string;
    before(() => {
      programs = new Programs();
      // Not the usual place for such: a box has a /tmp of its own.
      folder = mkdtempSync('/var/tmp/soulbox-paths-');
      mkdirSync(join(folder, 'real', 'bin'), { recursive: true });
      writeFileSync(join(folder, 'real', 'bin', 'tool-1.2'), programs.probe, { mode: 0o755 });
      symlinkSync('tool-1.2', join(folder, 'real', 'bin', 'tool'));
      symlinkSync('real', join(folder, 'current'));
      symlinkSync(join(folder, 'real', '..', 'current', 'bin', 'tool'), join(folder, 'shortcut'));
      symlinkSync('round', join(folder, 'round'));
      mkdirSync(join(folder, 'unasked'));
      chmodSync(folder, 0o755);
    });
    after(() => {
      rmSync(folder, { recursive: true, force: true });
      programs.remove();
    });

    const runAt = async (paths: string[], argv: string[]): Promise<string> => {
      const agent = new RealAgent(
        programs.agent,
        mode,
        paths.flatMap((path) => ['--path', path]),
      );
      await agent.hello();
      const { stages, stdout } = await agent.run({ stages: [{ argv }] });
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      assert.equal(stages[0]?.verdict, 'ok');
      return stdout.toString();
    };

    it('appear with every symbolic link on the way, and nothing beside them', async () => {
      const shortcut = join(folder, 'shortcut');
      assert.match(await runAt([shortcut], [shortcut, 'say', 'hello']), /^argument hello$/m);
      assert.deepEqual((await runAt([shortcut], [shortcut, 'list', folder])).trim().split('\n').toSorted(), [
        'entry current',
        'entry real',
        'entry shortcut',
      ]);
    });

    it('may lie within each other, in any order', async () => {
      const tool = join(folder, 'real', 'bin', 'tool');
      for (const paths of [
        [folder, tool],
        [tool, folder],
      ])
        assert.match(await runAt(paths, [tool, 'list', folder]), /^entry shortcut$/m);
    });

    it('are read-only and hold no set-uid programs', async () => {
      const tool = join(folder, 'real', 'bin', 'tool');
      assert.match(await runAt([folder], [tool, 'write', join(folder, 'x')]), / EROFS$/m);
      const mounts = await runAt([folder], [tool, 'print', '/proc/self/mounts']);
      const [, , , flags = ''] =
        mounts
          .split('\n')
          .find((line) => line.includes(` ${folder} `))
          ?.split(' ') ?? [];
      for (const flag of ['ro', 'nosuid', 'nodev']) assert.ok(flags.split(',').includes(flag), flags);
    });

    it('may not go round in circles', async () => {
      const agent = new RealAgent(programs.agent, mode, ['--path', join(folder, 'round')]);
      const { code, diagnosis } = await agent.ended();
      assert.equal(code, 71);
      assert.match(diagnosis, /^soulbox-agent: path \S+\/round: Too many levels/);
    });

    if (mode.name === 'root')
      it('may lie below a folder that only root can enter', async () => {
        const closed = join(folder, 'closed');
        mkdirSync(closed, { mode: 0o700 });
        writeFileSync(join(closed, 'tool'), programs.probe, { mode: 0o755 });
        await runAt([join(closed, 'tool')], [join(closed, 'tool'), 'exit', '0']);
      });
  });
