import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { RawClient } from '../support/rpc.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { cases } from './cases.ts';
import { allPrograms } from './programs/all.ts';
import type { ProgramSet } from './programs/program-set.ts';

export const languages: readonly string[] = allPrograms.map(({ language }) => language);

export interface TableOptions {
  readonly driver: string;
  /** Of the driver's plugin, as YAML. */
  readonly config?: string;
  /** Why a language cannot be tried here, or `false`. */
  readonly skip: (programs: ProgramSet) => string | false;
}

/** Milliseconds of each cell that passed, by language and case. */
type Times = ReadonlyMap<string, ReadonlyMap<string, number>>;

function drawn(driver: string, times: Times): string[] {
  const widths = cases.map(({ name }) => Math.max(name.length, 6));
  const line = (first: string, cells: readonly string[]) =>
    [first.padEnd(10), ...cells.map((cell, index) => cell.padStart(widths[index]!))].join('  ');
  const heading = line(
    driver,
    cases.map(({ name }) => name),
  );
  const lines = [...times].map(([language, row]) =>
    line(
      language,
      cases.map(({ name }) => row.get(name)?.toFixed(0) ?? '–'),
    ),
  );
  return [heading, ...lines];
}

/** Registers a test for each language and case, on one driver, asked of a host as its users run it. */
export function languageTable({ driver, config = '{}', skip }: TableOptions): void {
  const tried = allPrograms.filter((programs) => skip(programs) === false);
  describe(`languages on the driver ${driver}`, { skip: tried.length === 0 && skip(allPrograms[0]!) }, () => {
    const times = new Map(allPrograms.map(({ language }) => [language, new Map<string, number>()]));
    let host: RunningHost;
    let client: RawClient;
    before(async () => {
      host = await startHost({
        languages: 'all',
        yaml: `sandbox: { driver: ${driver} }`,
        plugins: `  sandbox-${driver}: { config: ${config} }`,
      });
      client = await RawClient.open(host.url, host.key ?? '');
    });
    after(async () => {
      await client.close();
      await host.end('SIGTERM');
      await host.home[Symbol.asyncDispose]();
    });

    for (const programs of allPrograms)
      describe(programs.language, { skip: skip(programs) }, () => {
        for (const { name, request, check } of cases)
          test(name, async () => {
            const { language } = programs;
            const start = performance.now();
            const { result, error } = await client.call('executions.create', { language, ...request(programs) });
            assert.equal(error, undefined);
            // None is needed where a compiler in the host refuses the source.
            assert.equal((result as ExecutionResult).sandbox?.driver ?? driver, driver);
            check(result as ExecutionResult, programs);
            times.get(language)?.set(name, performance.now() - start);
          });
      });

    test('the table has no gap', (t) => {
      for (const line of drawn(driver, times)) t.diagnostic(line);
      for (const { language } of tried)
        assert.deepEqual(
          [...times.get(language)!.keys()],
          cases.map(({ name }) => name),
          language,
        );
    });
  });
}
