import type { CheckedRule } from './part.ts';

/** What `soulbox-plugin check` found. */
export interface Report {
  readonly plugin: string;
  readonly version: string;
  /** The SDK whose suites were run. */
  readonly sdk: string;
  readonly ok: boolean;
  readonly counts: Readonly<Record<CheckedRule['outcome'], number>>;
  readonly rules: readonly CheckedRule[];
}

export function makeReport(about: Pick<Report, 'plugin' | 'version' | 'sdk'>, rules: readonly CheckedRule[]): Report {
  const count = (outcome: CheckedRule['outcome']) => rules.filter((rule) => rule.outcome === outcome).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  return { ...about, ok: counts.failed === 0 && counts.passed > 0, counts, rules };
}

const marks = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const;

/** The report for people: every rule, and under each that failed why, and what to do. */
export function reportText({ plugin, version, sdk, ok, counts, rules }: Report): string {
  const lines = rules.flatMap(({ part, rule, outcome, reason, advice }) => [
    `${marks[outcome]} ${part}: ${rule}${outcome === 'skipped' ? ` (${reason ?? 'no reason given'})` : ''}`,
    ...(outcome === 'failed' ? [indented(reason ?? ''), indented(`To do: ${advice}`)] : []),
  ]);
  const { passed, failed, skipped } = counts;
  const sum = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return `${plugin} ${version}, by the suites of @soulbox/plugin-sdk ${sdk}\n\n${lines.join('\n')}\n\n${ok ? 'ok' : 'FAIL'}: ${sum}\n`;
}

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, '       ');
