import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileStage, placesInLines, runStage } from '@soulbox/plugin-sdk/toolchain';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

test('a stage that compiles sees its own variables only, the one that runs the client’s too', async () => {
  const compile = compileStage(['/bin/sh', '-c', 'printf "env; echo \\$1" >p && chmod +x p && env'], { MINE: '1 "2"' });
  assert.deepEqual({ name: compile.name, compiles: compile.compiles }, { name: 'compile', compiles: true });
  const seen = async (stages: Parameters<typeof runPlanUnsandboxed>[0]['stages']) => {
    const { stdout } = await runPlanUnsandboxed(
      { ok: true, files: [], stages },
      { env: { THEIRS: 'x', PATH: '/bin' } },
    );
    return Buffer.from(stdout).toString().split('\n');
  };
  const compiled = await seen([compile]);
  assert.ok(compile.argv.includes('HOME=/home/sandbox'));
  assert.ok(compiled.includes('MINE=1 "2"') && compiled.some((line) => line.startsWith('HOME=')));
  assert.ok(!compiled.some((line) => line.startsWith('THEIRS=')));
  const run = await seen([{ ...compile, argv: [...compile.argv, ''] }, runStage('p', ['a b'], { OWN: 'o' })]);
  for (const line of ['THEIRS=x', 'OWN=o', 'PATH=/bin', 'a b']) assert.ok(run.includes(line), line);
});

test('places are found in lines, as far as they lie in the program’s own files', () => {
  const line = /^(?<file>.+?):(?<line>\d+):(?:(?<column>\d+):)? (?<message>.+)$/;
  const stderr = './a.x:1:2: one \n/usr/lib/b.x:3:4: of the system\nc.x:5: three\nnothing\n';
  assert.deepEqual(placesInLines(stderr, line), [
    { file: 'a.x', line: 1, column: 2, message: 'one' },
    { file: 'c.x', line: 5, column: 1, message: 'three' },
  ]);
  assert.equal(placesInLines('a.x:1:1: again\n'.repeat(1000), line).length, 100);
});
