import type { Isolation } from '@soulbox/plugin-sdk';

/** What is checked in one process of its own: the package as it lies there, or the plugin run in one way. */
export type Part = 'package' | Isolation;

/** What the process that tries a plugin is told, as JSON in the variable {@link subjectVariable}. */
export interface Subject {
  /** The folder of its package.json, as a URL that ends in a slash. */
  readonly folder: string;
  readonly part: Part;
  /** Settings with which the plugin works here. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Folders of other plugins that it needs, by their ids. */
  readonly companions: Readonly<Record<string, string>>;
  /** The file that holds the full name of the test under way: what the reporter would tell can be lost with the process. */
  readonly progress: string;
}

export const subjectVariable = 'SOULBOX_CHECK_SUBJECT';

/** The last test of the process: without it, the process ended before its time, whatever its exit code. */
export const lastTest = 'everything was tried';

/** One thing that was checked. */
export interface CheckedRule {
  readonly part: Part;
  /** What holds, as `lifecycle: stopping twice is harmless`. */
  readonly rule: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason: string | null;
  /** What the author can do, where it failed. */
  readonly advice: string | null;
}

/** What the reporter of the process that tries a plugin tells of each rule, one JSON text a line. */
export interface RuleEvent extends Pick<CheckedRule, 'outcome' | 'reason'> {
  readonly names: readonly string[];
}
