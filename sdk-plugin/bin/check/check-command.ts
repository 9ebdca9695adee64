import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError, z, type Isolation } from '@soulbox/plugin-sdk';
import { parseCommand, type Command } from '../command.ts';
import { sdkVersion } from '../sdk-version.ts';
import type { CheckedRule, Part, Subject } from './part.ts';
import { makeReport, reportText } from './report.ts';
import { runPart } from './run-part.ts';

const isolations = ['inline', 'process'] as const;

/** What must be readable before anything can be tried; the rest of package.json is a matter of its rules. */
const PackageJsonSchema = z.object({
  name: z.string(),
  version: z.string(),
  soulbox: z.object({ id: z.string(), isolation: z.array(z.enum(isolations)).min(1).default(['inline']) }),
});

const defaultStalledMs = 60_000;

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw new UsageError(`${path} cannot be read as JSON: ${(thrown as Error).message}`);
  }
}

function readPackage(folder: string): z.infer<typeof PackageJsonSchema> {
  const path = join(folder, 'package.json');
  const { data, error } = PackageJsonSchema.safeParse(readJson(path));
  if (!data) throw new UsageError(`${path} is not that of a plugin:\n${z.prettifyError(error)}`);
  return data;
}

/** @throws UsageError where the host, which runs the plugin, is not installed beside the SDK. */
export function assertHost(find: (specifier: string) => unknown = (name) => import.meta.resolve(name)): void {
  try {
    find('@soulbox/core');
  } catch {
    throw new UsageError(
      'a plugin is checked in a real host, which is not installed: npm install --save-dev @soulbox/core',
    );
  }
}

function wantedWays(allowed: readonly Isolation[], wanted: string | undefined): readonly Isolation[] {
  if (wanted === undefined) return allowed;
  const found = allowed.filter((isolation) => isolation === wanted);
  if (found.length === 0) throw new UsageError(`--isolation ${wanted}: the manifest allows ${allowed.join(', ')}`);
  return found;
}

function stalledAfter(text: string | undefined): number {
  const seconds = text === undefined ? defaultStalledMs / 1_000 : Number(text);
  if (!(seconds > 0)) throw new UsageError(`--timeout ${text}: is not a number of seconds`);
  return seconds * 1_000;
}

function readSettings(file: string | undefined): Subject['settings'] {
  const { data } = z.record(z.string(), z.unknown()).safeParse(file === undefined ? {} : readJson(file));
  if (!data) throw new UsageError(`${file} does not hold an object of settings`);
  return data;
}

/** The package first: what cannot even be imported is not run. */
async function runAll(
  subject: Omit<Subject, 'part' | 'progress'>,
  ways: readonly Isolation[],
  stalledMs: number,
): Promise<readonly CheckedRule[]> {
  const run = (part: Part) => runPart({ ...subject, part }, stalledMs);
  const rules = await run('package');
  const imports = rules.some(
    ({ rule, outcome }) => outcome === 'passed' && rule.includes('default export is a plugin'),
  );
  if (imports) return [...rules, ...(await Promise.all(ways.map(run))).flat()];
  const reason = 'not tried before its package exports a plugin';
  const left = ways.map((part) => ({ part, rule: 'it works', outcome: 'skipped', reason, advice: null }) as const);
  return [...rules, ...left];
}

export const checkCommand: Command = {
  usage: 'check DIR [--json] [--isolation inline|process] [--config FILE] [--with DIR]... [--timeout SECONDS]',
  summary: 'try a built plugin in every way that its manifest allows, and report what is wrong with it',
  async run(args, { stdout }) {
    const { values, positionals } = parseCommand(args, ['DIR'], {
      json: { type: 'boolean' },
      isolation: { type: 'string' },
      config: { type: 'string' },
      with: { type: 'string', multiple: true },
      timeout: { type: 'string' },
    });
    const folder = resolve(positionals[0] ?? '');
    const { name, version, soulbox } = readPackage(folder);
    const ways = wantedWays(soulbox.isolation, values.isolation);
    const companions = (values.with ?? []).map((dir) => [readPackage(dir).soulbox.id, resolve(dir)] as const);
    const subject = {
      folder: pathToFileURL(`${folder}/`).href,
      settings: readSettings(values.config),
      companions: Object.fromEntries(companions),
    };
    const stalledMs = stalledAfter(values.timeout);
    assertHost();
    const rules = await runAll(subject, ways, stalledMs);
    const report = makeReport({ plugin: name, version, sdk: sdkVersion }, rules);
    stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return report.ok ? 0 : 1;
  },
};
