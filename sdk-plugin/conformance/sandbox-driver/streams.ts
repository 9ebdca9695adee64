import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { finish, type Subject } from './subject.ts';

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

export function describeStreams(subject: Subject): void {
  describe('streams', () => {
    it('keeps output that is not UTF-8', async () => {
      const { stdout } = await subject.run({ script: "printf '\\377\\000\\200x'" });
      assert.equal(stdout, '\xff\0\x80x');
    });

    it('gives empty input where none is given, and only to the stage that takes it', async () => {
      const read = 'if read line; then echo "got $line"; else echo nothing; fi';
      assert.equal((await subject.run({ script: read })).stdout, 'nothing\n');
      const { stdout } = await subject.run({
        stages: [subject.stage(read, { name: 'compile', stdin: false }), subject.stage(read)],
        stdin: once('line\n'),
      });
      assert.equal(stdout, 'nothing\ngot line\n');
    });

    it('streams input and output both ways', async () => {
      const answers: string[] = [];
      let wake = (): void => undefined;
      const stdin = (async function* (): AsyncGenerator<Uint8Array> {
        for (const word of ['one', 'two', 'three']) {
          yield Buffer.from(`${word}\n`);
          while (!answers.join('').includes(`${word}!`)) await new Promise<void>((resolve) => (wake = resolve));
        }
      })();
      for await (const event of subject.start({ script: 'while read l; do echo "$l!"; done; echo over', stdin })) {
        if (event.type !== 'stdout') continue;
        answers.push(Buffer.from(event.data).toString());
        wake();
      }
      assert.equal(answers.join(''), 'one!\ntwo!\nthree!\nover\n');
    });

    it('carries a large input whole, in pieces of any size', async () => {
      const line = `${'x'.repeat(999)}\n`;
      const stdin = (async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from(line.repeat(300));
        for (let i = 0; i < 100; i++) yield Buffer.from(line);
      })();
      const { stdout } = await subject.run({ script: 'n=0; while read l; do n=$((n+${#l})); done; echo $n', stdin });
      assert.equal(stdout, `${400 * 999}\n`);
    });

    it('tells the file that is kept of a stage whole, after that stage, or not at all', async () => {
      const compile = { ...subject.stage('printf made >kept', { name: 'compile' }), keep: 'kept' };
      const told: string[] = [];
      let file = '';
      for await (const event of subject.start({ stages: [compile, subject.stage(': >kept')] })) {
        if (event.type === 'stage') told.push(event.name);
        if (event.type !== 'file') continue;
        assert.deepEqual(told, ['compile']);
        file += `${Buffer.from(event.data).toString()}${event.last ? '.' : ''}`;
      }
      assert.match(file, /^(?:made\.)?$/);
    });

    it('ends well when the program does not read its input', async () => {
      const stdin = (async function* (): AsyncGenerator<Uint8Array> {
        for (;;) yield Buffer.alloc(65_536, 'x');
      })();
      const { outcome } = await subject.run({ script: 'exit 0', stdin });
      assert.equal(outcome.verdict, 'ok');
    });

    it('reads no faster from the program than its consumer reads', async () => {
      const wallMs = 1500;
      const events = subject.start({
        script: `l=$(printf '%4096s' x); i=0; while [ $i -lt 900 ]; do echo "$l"; i=$((i+1)); done`,
        limits: { wallMs },
      });
      const slow = (async function* () {
        let waited = false;
        for await (const event of events) {
          if (event.type === 'stdout' && !waited) {
            waited = true;
            await sleep(wallMs + 500);
          }
          yield event;
        }
      })();
      // Nobody took the output, so the program could not get to its end in time.
      assert.equal((await finish(slow)).outcome.verdict, 'timeout');
    });

    it('passes megabytes on to a consumer that reads', async () => {
      const { stdout, outcome } = await subject.run({
        script: `l=$(printf '%4095s' x); i=0; while [ $i -lt 900 ]; do echo "$l"; i=$((i+1)); done`,
      });
      assert.deepEqual([outcome.verdict, stdout.length], ['ok', 900 * 4096]);
    });

    it('ends a run whose consumer leaves, and its box goes on', async () => {
      for await (const event of subject.start({ script: 'while :; do echo x; done' }))
        if (event.type === 'stdout') break;
      assert.equal((await subject.run({ script: 'echo on' })).stdout, 'on\n');
    });

    it('passes a failure of the input on', async () => {
      const stdin = (async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('line\n');
        throw new Error('no more input');
      })();
      await assert.rejects(subject.run({ script: 'read line; while :; do :; done', stdin }), { code: 'internal' });
      assert.equal((await subject.run({})).outcome.verdict, 'ok');
    });
  });
}
