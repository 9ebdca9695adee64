import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { LanguageRuntime, type Limits, type SandboxDriver, type Stage, type WarmProgram } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import javascript from '@soulbox/plugin-language-javascript';
import python from '@soulbox/plugin-language-python';
import typescript from '@soulbox/plugin-language-typescript';
import type { ComparedProgram } from './program.ts';

const mebibyte = 1024 * 1024;
/** Loaded machines are slow; nothing here shall end by time. */
const limits: Limits = {
  wallMs: 60_000,
  cpuMs: 60_000,
  memoryBytes: 1024 * mebibyte,
  outputBytes: mebibyte,
  processes: 128,
  diskBytes: 32 * mebibyte,
};
const { signal } = new AbortController();

/** How a program ended, and what it printed. */
export interface Ending {
  readonly start: 'cold' | 'warm';
  readonly verdict: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The languages of this machine, and their programs planned as a host plans them. */
export class Languages {
  readonly #host: Awaited<ReturnType<typeof createTestHost>>;

  private constructor(host: Awaited<ReturnType<typeof createTestHost>>) {
    this.#host = host;
  }

  static async find(): Promise<Languages> {
    const plugins = {
      'language-python': { plugin: python },
      'language-javascript': { plugin: javascript },
      'language-typescript': { plugin: typescript },
    };
    return new Languages(await createTestHost({ plugins }));
  }

  close(): Promise<void> {
    return this.#host.stop();
  }

  #runtime(name: string): LanguageRuntime {
    const runtime = this.#host.service<LanguageRuntime>(LanguageRuntime, name);
    assert.ok(runtime, name);
    return runtime;
  }

  async paths(): Promise<string[]> {
    const all = await Promise.all(['python', 'javascript'].map((name) => this.#runtime(name).describe()));
    return [...new Set(all.flatMap(({ paths }) => paths))];
  }

  async plan({ language, files, entry, args = [], env = {} }: ComparedProgram) {
    const plan = await this.#runtime(language).plan({
      entry,
      args,
      files: Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) })),
    });
    assert.ok(plan.ok);
    const [planned, ...others] = plan.stages;
    assert.ok(planned?.warm && others.length === 0, 'one stage, which something may take');
    const stage: Stage = { ...planned, stdin: true, env: { ...planned.env, ...env } };
    return { files: plan.files, stage, warm: planned.warm };
  }
}

/** Runs programs in one box, with others waiting in it or not. */
export class Comparison {
  readonly #driver: SandboxDriver;
  readonly #box: string;
  readonly #languages: Languages;
  readonly #waiting = new Set<WarmProgram>();
  #runs = 0;

  constructor(driver: SandboxDriver, box: string, languages: Languages) {
    this.#driver = driver;
    this.#box = box;
    this.#languages = languages;
  }

  async cold(program: ComparedProgram): Promise<Ending> {
    const { files, stage } = await this.#languages.plan(program);
    const { warm: _, ...plain } = stage;
    return this.#run(files, plain, program.stdin);
  }

  /** As often as it takes until a program that waits is there. @throws Error when none comes */
  async warm(program: ComparedProgram): Promise<Ending> {
    const { files, stage, warm } = await this.#languages.plan(program);
    if (!this.#waiting.has(warm)) await this.#driver.warm!(this.#box, { program: warm, limits, count: 2 });
    this.#waiting.add(warm);
    for (let tries = 0; tries < 400; tries++) {
      const ending = await this.#run(files, stage, program.stdin);
      if (ending.start === 'warm' || program.isCold) return ending;
      await sleep(50);
    }
    throw new Error(`nothing waits for ${program.name}`);
  }

  async #run(files: Awaited<ReturnType<Languages['plan']>>['files'], stage: Stage, input = ''): Promise<Ending> {
    const text = { stdout: '', stderr: '' };
    const stdin = (async function* () {
      yield Buffer.from(input);
    })();
    const spec = { id: `r${++this.#runs}`, files, stages: [stage], limits };
    for await (const event of this.#driver.run(this.#box, spec, { signal, stdin })) {
      if (event.type === 'stage' || event.type === 'file') continue;
      if (event.type !== 'end') {
        text[event.type] += Buffer.from(event.data).toString('latin1');
        continue;
      }
      const { verdict, exitCode, signal: by, stages } = event.outcome;
      return { start: stages[0]?.start === 'warm' ? 'warm' : 'cold', verdict, exitCode, signal: by, ...text };
    }
    throw new Error('no end');
  }
}
