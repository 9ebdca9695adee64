import { tokens } from '../token.ts';
import type { Diagnostic } from './execution.ts';
import type { BoxFile, Stage } from './sandbox.ts';

export interface LanguageInfo {
  /** The name that clients use: `python`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** File name endings with the dot: `.py`. */
  readonly extensions: readonly string[];
  /** Of the toolchain found, e.g. `3.11.7`; `''` where none was. */
  readonly version: string;
  readonly available: boolean;
  /** Why it is not available, and what to install. */
  readonly reason: string | null;
  /** Absolute host paths that boxes need read-only to run this language. */
  readonly paths: readonly string[];
  /** A program that proves that the language works, and what it prints on standard output. */
  readonly canary: { readonly code: string; readonly stdout: string };
}

/** What a client sent, decoded, with every path checked to stay inside the working directory. */
export interface PlanInput {
  /** One of {@link files}, or `undefined` for the language's usual choice. */
  readonly entry: string | undefined;
  /** A single file with an empty path stands for `code`: the language names it. */
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly args: readonly string[];
}

export type ExecutionPlan =
  | { readonly ok: true; readonly files: readonly BoxFile[]; readonly stages: readonly PlannedStage[] }
  /** The source is refused before anything runs: the execution ends as `compile-error` with `message` on standard error. */
  | { readonly ok: false; readonly message: string; readonly diagnostics: readonly Diagnostic[] };

/** The host adds the client's environment, which wins over the variables here: they are defaults, not a wall. */
export type PlannedStage = Omit<Stage, 'stdin'> & { readonly stdin?: boolean };

/** Knows how to run programs of one language. Never runs a client's code itself. */
export interface LanguageRuntime {
  describe(): Promise<LanguageInfo>;
  /** @throws invalid_params when there is no file that could be the entry. */
  plan(input: PlanInput): Promise<ExecutionPlan>;
}
export const LanguageRuntime = tokens<LanguageRuntime>('language-runtime', '1.0.0', ['describe', 'plan']);
