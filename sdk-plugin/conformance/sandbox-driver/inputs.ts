import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finish, started, type Subject } from './subject.ts';

/** Variables that shells make up for themselves. */
const ofTheShell = /^export (PWD|OLDPWD|SHLVL|_)=/;

export function describeInputs(subject: Subject): void {
  describe('inputs', () => {
    it('gives the environment that was asked for, and nothing of the host', async () => {
      const { stdout } = await subject.run({ script: 'export -p', env: { A: 'x y', EMPTY: '' } });
      const entries = stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/^declare -x/, 'export').replaceAll(/["']/g, ''))
        .filter((line) => !ofTheShell.test(line));
      assert.deepEqual(entries.toSorted(), ['export A=x y', 'export EMPTY=']);
    });

    it('gives arguments unchanged', async () => {
      const args = ['', 'a b', '$(exit 1)', '*', "quote'", 'ü'];
      const { stdout } = await subject.run({ script: 'for a; do printf "<%s>" "$a"; done', args });
      assert.equal(Buffer.from(stdout, 'latin1').toString(), args.map((arg) => `<${arg}>`).join(''));
    });

    it('puts files in, byte for byte, in folders and executable', async () => {
      const content = Uint8Array.from({ length: 300_000 }, (_, i) => 33 + (i % 90));
      const { stdout, outcome } = await subject.run({
        files: [
          { path: 'lib/deep/lib.sh', content: Buffer.from('word=found') },
          { path: 'tool', content: Buffer.from(`#!${subject.shell}\necho tool`), executable: true },
          { path: 'plain', content: Buffer.from('x') },
          { path: 'large', content },
          { path: 'empty', content: new Uint8Array() },
        ],
        script:
          '. ./lib/deep/lib.sh; echo $word; ./tool; [ -x plain ] && echo bad; [ -e empty ] && read -r l < large; echo "${#l}"',
      });
      assert.deepEqual([outcome.verdict, stdout], ['ok', 'found\ntool\n300000\n']);
    });

    it('starts in a working directory that can be written, with a home for temporary files', async () => {
      const { stdout } = await subject.run({ script: 'echo 1 > here && echo 2 > /tmp/there && echo fine' });
      assert.equal(stdout, 'fine\n');
    });

    for (const path of ['../outside', '/etc/outside', 'a/../../outside'])
      it(`makes no file at ${path}`, async () => {
        await assert.rejects(subject.run({ files: [{ path, content: Buffer.from('x') }] }), {
          code: 'path_outside_box',
        });
        assert.equal((await subject.run({})).outcome.verdict, 'ok');
      });

    it('keeps nothing of one run for the next', async () => {
      const planted = await subject.run({
        script: 'echo x > mark; echo x > /tmp/mark; echo x > /dev/shm/mark; echo ok',
      });
      assert.equal(planted.outcome.verdict, 'ok');
      const { stdout } = await subject.run({
        script: 'for f in mark /tmp/mark /dev/shm/mark; do [ -e $f ] && echo $f; done; echo end',
      });
      assert.equal(stdout, 'end\n');
    });

    it('keeps two runs at one time apart', async () => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      const stdin = (async function* (): AsyncGenerator<Uint8Array> {
        await released;
        yield Buffer.from('\n');
      })();
      const first = await started(subject.start({ script: 'echo x > mark; echo up; read line; echo down', stdin }));
      const { stdout } = await subject.run({
        script:
          '[ -e mark ] && echo mark; n=0; for p in /proc/[0-9]*; do n=$((n+1)); done; [ $n -le 3 ] || echo "$n processes"; echo end',
      });
      release();
      assert.equal(stdout, 'end\n');
      const { stdout: rest, outcome } = await finish(first);
      assert.deepEqual([rest, outcome.verdict], ['down\n', 'ok']);
    });
  });
}
