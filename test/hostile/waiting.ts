import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits, SandboxDriver, Stage, WarmProgram } from '@soulbox/plugin-sdk';
import { Languages } from '../sandboxes/waiting/comparison.ts';

const tries = 200;

interface Interpreter {
  /** Up to the program's own file. */
  readonly command: readonly string[];
  readonly warm: WarmProgram;
}

/** The interpreters that can wait for a hostile program, with nothing in their environment. */
export class Waiting {
  /** By the ending of files. */
  readonly #interpreters: ReadonlyMap<string, Interpreter>;
  /** What boxes need for them. */
  readonly paths: readonly string[];

  private constructor(interpreters: ReadonlyMap<string, Interpreter>, paths: readonly string[]) {
    this.#interpreters = interpreters;
    this.paths = paths;
  }

  static async find(): Promise<Waiting> {
    const languages = await Languages.find();
    const find = async (ending: string, language: 'python' | 'javascript') => {
      const { stage, warm } = await languages.plan({ name: '', language, files: { [`main${ending}`]: '' } });
      return [ending, { command: stage.argv.slice(0, -1), warm: { ...warm, env: {} } }] as const;
    };
    const interpreters = new Map([await find('.py', 'python'), await find('.js', 'javascript')]);
    const paths = await languages.paths();
    await languages.close();
    return new Waiting(interpreters, paths);
  }

  canTake(file: string): boolean {
    return this.#interpreters.has(extname(file));
  }

  stage(file: string, args: readonly string[]): Pick<Stage, 'argv' | 'warm'> {
    const { command, warm } = this.#interpreters.get(extname(file))!;
    return { warm, argv: [...command, `./${file}`, ...args] };
  }

  /** Lets one wait in the box for executions with just these limits, and resolves when it does. @throws Error when none does */
  async keep(driver: SandboxDriver, box: string, file: string, limits: Limits): Promise<void> {
    const { warm: program } = this.#interpreters.get(extname(file))!;
    const path = `empty${extname(file)}`;
    const stages = [{ name: 'run', ...this.stage(path, []), env: {}, stdin: false }];
    const spec = { id: 'empty', files: [{ path, content: Buffer.from('') }], stages, limits };
    await driver.warm!(box, { program, limits, count: 1 });
    for (let count = 0; count < tries; count++) {
      let start: string | undefined;
      for await (const event of driver.run(box, spec, { signal: AbortSignal.timeout(60_000) }))
        if (event.type === 'end') start = event.outcome.stages[0]?.start;
      // It has been used: another takes its place.
      await sleep(start === 'warm' ? 300 : 50);
      if (start === 'warm') return;
    }
    throw new Error(`nothing waits for ${file}`);
  }
}
