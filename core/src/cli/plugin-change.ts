import { resolve } from 'node:path';
import { permissionWords, type Permissions } from '@soulbox/plugin-sdk';
import { findConfigFile } from '../config/find.ts';
import { dataDirPath } from '../data-dir.ts';
import { boundaryWords } from '../packages/boundary-words.ts';
import type { PluginChange } from '../packages/change-log.ts';
import type { Proposal } from '../packages/proposal.ts';
import { parseSpec, type PackageSpec } from '../packages/spec.ts';
import type { Workplace } from '../packages/workplace.ts';
import { UsageError, type CommandContext } from './command.ts';
import { confirm } from './confirm.ts';
import { readConfig, type HostChoice } from './connect.ts';
import { write } from './terminal.ts';

/** Options of every command that changes which plugins there are. */
export const changeOptions = {
  config: { type: 'string' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
} as const;

/** Runs a change on the configuration file in force, or the one that is to be made here; a signal undoes what is half done. */
export async function changing(
  choice: HostChoice,
  context: CommandContext,
  change: (place: Workplace) => Promise<number>,
): Promise<number> {
  const named = choice.config ?? process.env['SOULBOX_CONFIG'];
  const loaded = await readConfig(choice, context);
  const file = resolve(named ?? (await findConfigFile(process.cwd())) ?? 'soulbox.yaml');
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await change({ loaded, file, dataDir: dataDirPath(loaded.config.host.dataDir), signal: abort.signal });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** @throws UsageError */
export async function specFrom(text: string): Promise<PackageSpec> {
  const spec = await parseSpec(text, process.cwd());
  if (!spec) throw new UsageError(`"${text}" is no package name[@range], and no tarball or folder that is there`);
  return spec;
}

function permissionsText({ manifest, permissionsBefore: before }: Proposal): string[] {
  const now = permissionWords(manifest.soulbox.permissions);
  if (!before) return now.map((line) => `  ${line}`);
  const old = permissionWords(before);
  const mark = (line: string) => (old.includes(line) ? '  ' : '+ ');
  return [
    ...now.map((line) => `${mark(line)}${line}`),
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
  ];
}

function proposalText(proposal: Proposal): string {
  const { id, manifest, isolation, boundary, notes } = proposal;
  return [
    `plugin ${id}: ${manifest.name} ${manifest.version}, made for soulbox ${manifest.engines.soulbox}`,
    'it wants to:',
    ...permissionsText(proposal),
    'what that is worth:',
    ...boundaryWords(isolation, boundary).map((line) => `  ${line}`),
    ...notes.map((note) => `note: ${note}`),
    '',
  ].join('\n');
}

/** What programs are told of a change. */
export interface ChangeReport extends Omit<PluginChange, 'permissions'> {
  readonly permissions: Permissions | null;
  readonly notes?: readonly string[];
}

export async function report(
  change: ChangeReport,
  says: string,
  json: boolean,
  context: CommandContext,
): Promise<number> {
  const { stdout } = context.terminal;
  await write(stdout, json ? `${JSON.stringify(change, undefined, 2)}\n` : `${says}\n`);
  return 0;
}

/** Shows what a plugin wants, asks, and makes it so. */
export async function decide(
  proposal: Proposal,
  place: Workplace,
  options: { readonly yes?: boolean | undefined; readonly json?: boolean | undefined },
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const json = options.json === true;
  await write(json ? terminal.stderr : terminal.stdout, proposalText(proposal));
  if (!(await confirm('Go ahead?', options.yes === true, terminal, place.signal))) {
    await write(terminal.stderr, 'nothing was changed\n');
    return 1;
  }
  const { isolation, boundary, notes } = proposal;
  const change = await proposal.apply();
  const verb = change.action === 'add' ? 'added' : 'updated';
  const says = `${verb} ${change.id} ${change.to} in ${place.file}; a host that runs takes it up`;
  return report({ ...change, isolation, boundary, notes } as ChangeReport, says, json, context);
}
