/** A program that must end the same whether it is started or a program that waits becomes it. */
export interface ComparedProgram {
  readonly name: string;
  readonly language: 'python' | 'javascript' | 'typescript';
  /** By path; one of `main.py` or the like is run. */
  readonly files: Readonly<Record<string, string>>;
  readonly entry?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** No program that waits can become it. */
  readonly isCold?: boolean;
}

export type ProgramOptions = Omit<ComparedProgram, 'name' | 'language' | 'files'> & {
  readonly files?: ComparedProgram['files'];
};
