import type { DriverStatus } from '../sandboxes/registry.ts';
import { parse, type Command, type CommandContext } from './command.ts';
import { bootOnce, hostOptions, readConfig } from './connect.ts';
import { styler, write, type Terminal } from './terminal.ts';

async function show(
  statuses: readonly DriverStatus[],
  languages: readonly { name: string; version: string; available: boolean; reason: string | null }[],
  terminal: Terminal,
): Promise<void> {
  const paint = styler(terminal.stdout);
  const lines: string[] = [];
  if (statuses.length === 0) lines.push(paint('red', 'no sandbox driver is configured'));
  for (const { name, report, problem } of statuses) {
    lines.push(
      `${paint('bold', `sandbox ${name}`)}: ${problem === null ? paint('green', 'usable') : paint('red', problem)}`,
    );
    for (const [wall, how] of Object.entries(report.enforced))
      lines.push(`  ${wall.padEnd(12)} ${how === 'none' && wall !== 'network' ? paint('yellow', how) : how}`);
    for (const advice of report.advice) lines.push(`  ${paint('yellow', 'to have more:')} ${advice}`);
  }
  for (const { name, version, available, reason } of languages) {
    lines.push(
      `${paint('bold', `language ${name}`)}: ${available ? `${paint('green', 'usable')} (${version})` : paint('yellow', reason ?? 'missing')}`,
    );
  }
  await write(terminal.stdout, `${lines.join('\n')}\n`);
}

async function doctor(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parse(args, { config: hostOptions.config, json: hostOptions.json });
  const host = await bootOnce(await readConfig(values, context));
  try {
    const drivers = await host.registry.inspectAll();
    const languages = (await host.languages.list()).map(({ info: { name, version, available, reason } }) => ({
      name,
      version,
      available,
      reason,
    }));
    if (values.json) await write(context.terminal.stdout, `${JSON.stringify({ drivers, languages }, undefined, 2)}\n`);
    else await show(drivers, languages, context.terminal);
    return drivers.some((status) => status.problem === null) ? 0 : 1;
  } finally {
    await host.stop('the command is done');
  }
}

export const doctorCommand: Command = {
  usage: 'soulbox doctor [--config FILE] [--json]',
  summary: 'show what this machine can enforce, and how to have more',
  run: doctor,
};
