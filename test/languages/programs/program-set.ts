/** How a program ends that makes a mistake while it runs. */
export interface Ending {
  readonly verdict: 'exit' | 'signal';
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** The programs of one row: the same in each language. */
export interface ProgramSet {
  readonly language: string;
  /** What must be on the PATH where toolchains come from this machine. */
  readonly tools: readonly string[];
  /** More than its compiler needs of processor time for a small program; 0 where there is none, or it runs in the host. */
  readonly compileMs: number;
  /** Prints `hello`. */
  readonly hello: string;
  /** Prints what it reads from standard input. */
  readonly echo: string;
  /** Prints each argument in a line of its own. */
  readonly args: string;
  /** Prints `two files`; without an entry the language must find where it begins. */
  readonly files: Readonly<Record<string, string>>;
  /** What no compiler accepts, and where; told as `verdict`. */
  readonly wrong: Place & { readonly code: string; readonly verdict: 'compile-error' | 'exit' };
  /** Prints `before`, then fails; `place` is `null` where the language does not tell. */
  readonly fails: { readonly code: string; readonly ending: Ending; readonly place: Place | null };
  /** Prints `before`, then ends with exit code 42. */
  readonly exits: string;
  /** Prints `źródło 源 😀`, its first argument and all of standard input, with a space between them. */
  readonly unicode: string;
  /** Never ends. */
  readonly loops: string;
  /** Takes more and more memory, and uses it. */
  readonly grows: string;
  /** Prints without end. */
  readonly floods: string;
}
