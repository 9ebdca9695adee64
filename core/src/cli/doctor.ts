import type { PlaceStatus } from '../sandboxes/placement.ts';
import type { DriverStatus } from '../sandboxes/registry.ts';
import { parse, type Command, type CommandContext } from './command.ts';
import { bootOnce, hostOptions, readConfig } from './connect.ts';
import { styler, write, type Terminal } from './terminal.ts';

/** A language with the driver that runs it, and what each driver makes of its canary. */
interface LanguagePlaces {
  readonly name: string;
  readonly driver: string | null;
  readonly version: string;
  readonly places: readonly PlaceStatus[];
}

async function show(
  statuses: readonly DriverStatus[],
  languages: readonly LanguagePlaces[],
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
  for (const { name, driver, version, places } of languages) {
    const use = driver === null ? paint('yellow', 'not usable') : `${paint('green', driver)} (${version})`;
    lines.push(`${paint('bold', `language ${name}`)}: ${use}`);
    for (const place of places)
      lines.push(`  ${place.driver.padEnd(12)} ${place.problem ?? `canary ok (${place.version})`}`);
  }
  await write(terminal.stdout, `${lines.join('\n')}\n`);
}

async function doctor(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parse(args, { config: hostOptions.config, json: hostOptions.json });
  const host = await bootOnce(await readConfig(values, context));
  try {
    const drivers = await host.registry.inspectAll();
    const languages: LanguagePlaces[] = [];
    for (const { language, driver, version } of await host.placement.describe()) {
      const places = await host.placement.survey(language);
      languages.push({ name: language.info.name, driver, version, places });
    }
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
