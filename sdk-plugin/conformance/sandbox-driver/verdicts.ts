import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finish, type Subject } from './subject.ts';

export function describeVerdicts(subject: Subject): void {
  describe('verdicts', () => {
    it('ok for exit code 0', async () => {
      const { stages, stdout, stderr, outcome } = await subject.run({ script: 'echo out; echo err >&2' });
      assert.deepEqual([stages, stdout, stderr], [['run'], 'out\n', 'err\n']);
      assert.deepEqual(
        [outcome.verdict, outcome.exitCode, outcome.signal, outcome.truncated],
        ['ok', 0, null, { stdout: false, stderr: false }],
      );
      assert.equal(outcome.stages.length, 1);
      const [stage] = outcome.stages;
      assert.ok(stage);
      const { name, verdict, exitCode, limit, usage } = stage;
      assert.deepEqual([name, verdict, exitCode, limit], ['run', 'ok', 0, null]);
      assert.ok(usage.wallMs > 0 && usage.cpuMs >= 0);
    });

    it('the same for the same program, again and again', async () => {
      for (let i = 0; i < 10; i++) {
        const { stdout, outcome } = await subject.run({ script: 'echo x > made; echo *; exit 3' });
        assert.deepEqual([outcome.verdict, outcome.exitCode, stdout], ['exit', 3, 'made\n']);
      }
    });

    for (const code of [1, 2, 124, 137, 255])
      it(`exit for exit code ${code}`, async () => {
        const { outcome } = await subject.run({ script: `exit ${code}` });
        assert.deepEqual([outcome.verdict, outcome.exitCode, outcome.signal], ['exit', code, null]);
      });

    for (const signal of ['SEGV', 'KILL', 'TERM', 'ABRT'])
      it(`signal for SIG${signal}`, async () => {
        const { outcome } = await subject.run({ script: `kill -${signal} $$; while :; do :; done` });
        assert.deepEqual([outcome.verdict, outcome.exitCode, outcome.signal], ['signal', null, `SIG${signal}`]);
      });

    it('exit for a program that is not there, as a shell says it', async () => {
      const { outcome } = await subject.run({
        stages: [{ name: 'run', argv: ['/no/such/program'], env: {}, stdin: false }],
      });
      assert.deepEqual([outcome.verdict, outcome.exitCode], ['exit', 127]);
    });

    it('runs stages in order, in one working directory', async () => {
      const { stages, stdout, outcome } = await subject.run({
        stages: [
          subject.stage('echo made > file; echo one', { name: 'compile', stdin: false }),
          subject.stage('read line < file; echo "$line"', { name: 'run' }),
        ],
      });
      assert.deepEqual([stages, stdout], [['compile', 'run'], 'one\nmade\n']);
      assert.deepEqual(
        outcome.stages.map(({ name, verdict }) => [name, verdict]),
        [
          ['compile', 'ok'],
          ['run', 'ok'],
        ],
      );
    });

    it('ends with the first stage that fails', async () => {
      const { stages, stdout, outcome } = await subject.run({
        stages: [
          subject.stage('exit 3', { name: 'compile', stdin: false }),
          subject.stage('echo never', { name: 'run' }),
        ],
      });
      assert.deepEqual([stages, stdout, outcome.verdict, outcome.exitCode], [['compile'], '', 'exit', 3]);
      assert.equal(outcome.stages.length, 1);
    });

    it('cancelled when aborted before it starts, without starting', async () => {
      const { stages, outcome } = await subject.run({ script: 'echo never', signal: AbortSignal.abort() });
      assert.deepEqual([stages, outcome.verdict, outcome.exitCode], [[], 'cancelled', null]);
    });

    it('cancelled when aborted under way', async () => {
      const controller = new AbortController();
      const events = subject.start({
        script: 'trap "" TERM INT HUP; echo up; while :; do :; done',
        signal: controller.signal,
      });
      const watched = (async function* () {
        for await (const event of events) {
          if (event.type === 'stdout') controller.abort();
          yield event;
        }
      })();
      const { stdout, outcome } = await finish(watched);
      assert.deepEqual([stdout, outcome.verdict], ['up\n', 'cancelled']);
    });

    it('ends with its main process, however long its children would live', async () => {
      const { stdout, outcome } = await subject.run({
        script: '(trap "" TERM HUP; while :; do :; done) & (while :; do :; done) & echo done',
      });
      assert.deepEqual([stdout, outcome.verdict], ['done\n', 'ok']);
    });
  });
}
