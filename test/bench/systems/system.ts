import type { Workers } from '../measure/processor-time.ts';

export interface Program {
  readonly language: string;
  readonly code: string;
  /** All that it prints. */
  readonly stdout: string;
}

/** What waits for work, at rest. */
export interface Waiting {
  /** E.g. `python programs`. */
  readonly what: string;
  readonly count: number;
  /** Proportional set size of everything that is there only for them. */
  readonly bytes: number;
  /** Of what they are copies of, which is there once. */
  readonly besidesBytes?: number;
}

/** Something that runs programs, SoulBox or a peer. */
export interface System {
  readonly name: string;
  /** Languages that it runs here, known after `prepare`. */
  readonly languages: readonly string[];
  /** More clients at one time would only measure how long a queue is. Absent: as many as are asked for. */
  readonly mostClients?: number;
  /** Why it cannot be measured here, or `null`. Changes nothing on the machine. */
  available(): Promise<string | null>;
  /** Makes it ready for programs in these languages, for so many clients. */
  prepare(languages: readonly string[], clients: number): Promise<void>;
  /** What exactly is measured, known after `prepare`. */
  version(): Promise<string>;
  /** Runs a program as the client of that number and resolves with what it printed. */
  run(program: Program, client: number): Promise<string>;
  workers(): Workers;
  /** Of systems that keep something waiting for a language; `null` where nothing waits. */
  waiting?(language: string): Promise<Waiting | null>;
  /** What a reader must know about the figures, known at the end. */
  notes?(): readonly string[];
  close(): Promise<void>;
}

/** Runs a program and resolves when what it printed is right. @throws Error naming system, language and difference */
export async function runChecked(system: System, program: Program, client: number): Promise<void> {
  const stdout = await system.run(program, client);
  if (stdout !== program.stdout)
    throw new Error(
      `${system.name}, ${program.language}: printed ${JSON.stringify(stdout.slice(0, 2000))}, not ${JSON.stringify(program.stdout)}`,
    );
}
