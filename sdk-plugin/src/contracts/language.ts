import { tokens } from '../token.ts';
import type { ContextPlan, PreparedCell } from './context.ts';
import type { LanguageDetection } from './detection.ts';
import type { Diagnostic } from './execution.ts';
import type { BoxFile, Stage, ToolchainSource } from './sandbox.ts';

/** What is known of a language without its toolchain. */
export interface LanguageAbout {
  /** The name that clients use: `python`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** File name endings with the dot: `.py`. */
  readonly extensions: readonly string[];
  /** Absent where it is told by the extensions alone. */
  readonly detection?: LanguageDetection;
}

export interface LanguageInfo extends LanguageAbout {
  /** Of the toolchain that is used where nobody asks for another, e.g. `3.11.7`; `''` where none was found. */
  readonly version: string;
  /** Every version that can be asked for, {@link version} first. Absent means that one only. */
  readonly versions?: readonly string[];
  readonly available: boolean;
  /** Why it is not available, and what to install. */
  readonly reason: string | null;
  /** Absolute host paths that boxes need read-only to run this language. */
  readonly paths: readonly string[];
  /** The image that runs this language, for drivers that take toolchains from images; absent where there is none. */
  readonly image?: LanguageImage;
  /** A program that proves that the language works, and what it prints on standard output. */
  readonly canary: { readonly code: string; readonly stdout: string };
}

/** An image with the toolchain of one language. */
export interface LanguageImage {
  /** What drivers know it by: `soulbox/language-python:1.0.0`, or what the operator's configuration says. */
  readonly reference: string;
  /** The absolute path of the folder with its Dockerfile, which takes the base as `ARG BASE`. */
  readonly folder: string;
}

/** What a client sent, decoded, with every path checked to stay inside the working directory. */
export interface PlanInput {
  /** One of {@link files}, or `undefined` for the language's usual choice. */
  readonly entry: string | undefined;
  /** A single file with an empty path stands for `code`: the language names it. */
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly args: readonly string[];
  /** One of the language's `versions`; absent means its usual one. */
  readonly version?: string;
  /** Whose paths the plan names; absent means the host's. */
  readonly toolchain?: ToolchainSource;
  /** The absolute path, in the box, of the dependencies that were built as {@link LanguageRuntime.dependencies} says. */
  readonly layer?: string;
}

export type ExecutionPlan =
  | { readonly ok: true; readonly files: readonly BoxFile[]; readonly stages: readonly PlannedStage[] }
  /** The source is refused before anything runs: the execution ends as `compile-error` with `message` on standard error. */
  | { readonly ok: false; readonly message: string; readonly diagnostics: readonly Diagnostic[] };

/** The host adds the client's environment, which wins over the variables here: they are defaults, not a wall. */
export type PlannedStage = Omit<Stage, 'stdin'> & {
  readonly stdin?: boolean;
  /** A stage that compiles: an exit code other than 0 ends the execution as `compile-error`. */
  readonly compiles?: boolean;
};

export interface DependencyInput {
  /** As the client wrote them, in the notation of the language's own package manager: `requests==2.32.3`. */
  readonly dependencies: readonly string[];
  readonly version?: string;
  readonly toolchain?: ToolchainSource;
}

/** How to fetch and build what a client depends on: once, in a box of its own that may reach the package registry. */
export interface DependencyPlan {
  /** Everything that decides the outcome, apart from the files and stages: versions of the toolchain, for one. */
  readonly key: string;
  readonly files: readonly BoxFile[];
  /** What the last of them leaves in the folder `layer` of the working directory becomes the read-only layer. */
  readonly stages: readonly PlannedStage[];
  /** Absolute host paths that the stages need, besides those that every box for this language has: a package manager. */
  readonly paths?: readonly string[];
  /** Hosts that the stages talk to, such as `pypi.org:443`; the operator's configuration may name mirrors. */
  readonly hosts: readonly string[];
}

/** Knows how to run programs of one language. Never runs a client's code itself. */
export interface LanguageRuntime {
  /** May take as long as the toolchain does to tell of itself. */
  describe(): Promise<LanguageInfo>;
  /** The same of what needs no toolchain, at once: so a host need not look for all of them to run one program. */
  about?(): Promise<LanguageAbout>;
  /** @throws invalid_params when there is no file that could be the entry. */
  plan(input: PlanInput): Promise<ExecutionPlan>;
  /** Finds places in what a failed stage wrote to standard error; at most 64 KiB of it are given. */
  diagnose?(stage: string, stderr: string): Promise<readonly Diagnostic[]>;
  /** @throws invalid_params for what is not a dependency in the notation of the language's package manager. */
  dependencies?(input: DependencyInput): Promise<DependencyPlan>;
  /** How to keep an interpreter whose cells share their state. @throws language_unknown, language_unavailable */
  context?(input: Pick<PlanInput, 'version' | 'toolchain'>): Promise<ContextPlan>;
  /** What an interpreter of {@link context} is sent for a cell; absent means its code as it is. */
  contextCell?(code: string): Promise<PreparedCell>;
}
export const LanguageRuntime = tokens<LanguageRuntime>('language-runtime', '1.2.0', ['describe', 'plan']);
