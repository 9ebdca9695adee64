import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunOutcome } from '@soulbox/plugin-sdk';
import { hostMounts } from '../support/leftovers.ts';
import { commandFor, findToolchains, type Toolchains } from '../support/toolchains.ts';
import { hostilePrograms, usualLimits, type HostileProgram } from './manifest.ts';
import type { MakeSubject, Subject } from './subject.ts';
import { Waiting } from './waiting.ts';
import { kernelState, startWatch, type Watch } from './watch.ts';

const atOnce = 4;

/** How a program comes to run: started for it, or by one that waited. */
type Start = 'cold' | 'warm';

interface Finished {
  readonly stdout: string;
  readonly outcome: RunOutcome;
}

/** Registers one test for each hostile program, a control beside them, and the search for what they left. */
export function hostileSuite(repository: string, make: MakeSubject): void {
  const programs = resolve(repository, 'test/hostile/programs');
  const signal = new AbortController().signal;
  let toolchains: Toolchains;
  let waiting: Waiting;
  let watch: Watch;
  let subject: Subject;
  let box: string;
  let earlierMounts: string[];
  let kernelBefore: string[];

  const run = async (
    file: string,
    over: Pick<HostileProgram, 'limits' | 'env'> = {},
    args: readonly string[] = watch.targets,
    start: Start = 'cold',
  ): Promise<Finished> => {
    const names = ['hostile.py', file];
    const files = await Promise.all(
      names.map(async (path) => ({ path, content: await readFile(join(programs, path)) })),
    );
    const command = { argv: [...commandFor(toolchains, file), file, ...args] };
    const program = start === 'warm' ? waiting.stage(file, args) : command;
    const stages = [{ name: 'run', ...program, env: over.env ?? {}, stdin: false }];
    let stdout = '';
    for await (const event of subject.driver.run(
      box,
      { id: file, files, stages, limits: { ...usualLimits, ...over.limits } },
      { signal },
    )) {
      if (event.type === 'end') return { stdout, outcome: event.outcome };
      if (event.type !== 'stage') stdout += Buffer.from(event.data).toString('latin1');
    }
    throw new Error('no end');
  };

  const judge = async (program: HostileProgram, start: Start): Promise<void> => {
    const { stdout, outcome } = await run(program.file, program, watch.targets, start);
    const context = `${program.file}, ${start}: ${outcome.verdict} ${outcome.exitCode} ${outcome.signal}\n${stdout.slice(-2000)}`;
    assert.ok(!stdout.includes('BREACH'), context);
    assert.ok(!stdout.includes(watch.secret), context);
    assert.ok(program.verdicts.includes(outcome.verdict), context);
    if (program.exitCode !== undefined) assert.equal(outcome.exitCode, program.exitCode, context);
    const isPlain = program.verdicts.length === 1 && program.verdicts[0] === 'ok';
    const says = program.says ?? (isPlain ? /done\n$/ : undefined);
    if (says) assert.match(stdout, says, context);
    tally[outcome.stages[0]?.start === 'warm' ? 'warm' : 'cold']++;
    if (program.next) await judge(program.next, start);
  };
  const judgeWarm = async (program: HostileProgram): Promise<void> => {
    const limits = { ...usualLimits, ...program.limits };
    await waiting.keep(subject.driver, box, program.file, limits);
    await judge(program, 'warm');
  };

  before(async () => {
    [toolchains, watch, waiting] = await Promise.all([findToolchains(), startWatch(), Waiting.find()]);
    subject = await make({ ...toolchains, paths: [...new Set([...toolchains.paths, ...waiting.paths])] });
    [earlierMounts, kernelBefore] = await Promise.all([hostMounts(), kernelState()]);
    ({ id: box } = await subject.driver.create(subject.spec, { signal }));
  });
  after(async () => {
    await subject?.close();
    await watch.close();
  });

  const tally = { cold: 0, warm: 0 };
  const warmable = hostilePrograms.filter(({ file }) => /\.(?:py|js)$/.test(file));
  let remaining = hostilePrograms.length + warmable.length;
  describe('hostile programs', { concurrency: atOnce + 1 }, () => {
    it('do not disturb a control execution beside them', async () => {
      let rounds = 0;
      for (; remaining > 0 || rounds === 0; rounds++) {
        const { stdout, outcome } = await run('control.py', { limits: { cpuMs: 20_000 } }, [String(rounds)]);
        assert.deepEqual([outcome.verdict, stdout], ['ok', `${rounds} 4950\n`]);
      }
    });

    for (const [start, listed, judged] of [
      ['cold', hostilePrograms, (program: HostileProgram) => judge(program, 'cold')],
      ['warm', warmable, judgeWarm],
    ] as const)
      for (const program of listed)
        it(`${program.file}, ${start}`, async () => {
          try {
            await judged(program);
          } finally {
            remaining--;
          }
        });
  });

  describe('afterwards', () => {
    it('every program was tried, and they are many', async () => {
      const files = (await readdir(programs)).filter((file) => !['hostile.py', 'control.py'].includes(file));
      const tried = hostilePrograms.flatMap(({ file, next }) => (next ? [file, next.file] : [file]));
      assert.deepEqual(tried.toSorted(), files.toSorted());
      assert.ok(tried.length >= 40);
    });

    it('those that can be were run by programs that waited', (t) => {
      t.diagnostic(`${tally.cold} programs were started, ${tally.warm} became of what waited`);
      assert.ok(tally.warm >= 0.9 * warmable.length, JSON.stringify(tally));
    });

    it('nobody reached the host', async () => {
      assert.equal(watch.contacts(), 0);
      assert.deepEqual(await kernelState(), kernelBefore);
    });

    it('the box still runs programs', async () => {
      assert.equal((await run('control.py', {}, ['last'])).stdout, 'last 4950\n');
    });

    it('nothing is left: no process, cgroup, mount or file', async () => {
      await subject.driver.destroy(box);
      assert.deepEqual(await subject.leftovers(), []);
      assert.deepEqual(await hostMounts(), earlierMounts);
      assert.deepEqual(await subject.driver.list(), []);
    });
  });
}
