import { isSoulboxError, type DriverReport, type SoulboxError } from '@soulbox/plugin-sdk';
import type { LoadedConfig } from '../config/load.ts';
import { watchFiles } from '../config/watch.ts';
import { Host } from '../host.ts';
import { currentPlugin } from '../plugins/attribution.ts';
import { hostVersion } from '../version.ts';
import { parse, type Command, type CommandContext } from './command.ts';
import { defaultUrl, hostOptions, readConfig } from './connect.ts';
import { guardExit } from './exit-guard.ts';
import { LanguageReport } from './language-report.ts';
import { ms, styler, write, type Paint, type Say, type Style } from './terminal.ts';

async function sayPlugins(host: Host, say: Say, paint: Paint): Promise<void> {
  await say(paint('bold', 'plugins'));
  for (const record of host.plugins) {
    const version = record.checked?.manifest.version ?? '?';
    const time = record.instance ? ms(record.instance.startedMs) : '';
    const style: Style = record.state === 'active' ? 'green' : record.state === 'skipped' ? 'dim' : 'red';
    await say(
      `  ${record.id.padEnd(24)} ${version.padEnd(8)} ${paint(style, record.state.padEnd(8))} ${time}${record.reason ? ` ${record.reason}` : ''}`,
    );
  }
}

/** What the drivers that were tried say would make them work. */
function driversAdvice(error: SoulboxError): readonly string[] {
  const drivers = (error.details?.['drivers'] ?? []) as readonly Pick<DriverReport, 'advice'>[];
  return drivers.flatMap(({ advice }) => advice);
}

/** Whether programs can be run; where not, says why and what to do about it. */
async function saySandbox(host: Host, say: Say, paint: Paint): Promise<boolean> {
  await say(paint('bold', 'sandbox'));
  try {
    const { name, report } = await host.registry.choose();
    const { level, ...walls } = report.enforced;
    await say(`  ${name} enforces: ${paint(level === 'weak' ? 'yellow' : 'green', level)}`);
    for (const [wall, how] of Object.entries(walls)) await say(`  ${wall.padEnd(24)} ${how}`);
    for (const advice of report.advice) await say(`  ${paint('yellow', 'advice')} ${advice}`);
    return true;
  } catch (thrown) {
    if (!isSoulboxError(thrown)) throw thrown;
    await say(`  ${paint('red', thrown.code)}: executions will be refused: ${thrown.message}`);
    for (const advice of [...driversAdvice(thrown), thrown.entry.advice])
      await say(`  ${paint('yellow', 'advice')} ${advice}`);
    return false;
  }
}

async function sayWelcome(host: Host, say: Say, paint: Paint): Promise<void> {
  for (const { label, secret } of host.notices) {
    await say(paint('bold', `${label} (shown only now; keep it)`));
    await say(`  ${secret}`);
  }
  const key = host.notices[0]?.secret ?? 'YOUR_KEY';
  for (const address of host.addresses) await say(`${paint('bold', 'listening')} on ${address}`);
  const elsewhere = host.addresses.find((address) => address !== defaultUrl);
  const url = elsewhere === undefined ? '' : `SOULBOX_URL=${elsewhere} `;
  await say(`${paint('bold', 'try')}  ${url}SOULBOX_KEY=${key} npx soulbox run examples/hello.py`);
}

/** Keeps the host up over what a plugin's own timers and promises throw; anything else ends it in order. */
function handleUncaught(host: Host, stop: (reason: string) => void): void {
  const handle = (thrown: unknown) => {
    const plugin = currentPlugin();
    if (plugin !== undefined) void host.quarantine(plugin, thrown);
    else {
      host.log.fatal({ err: thrown }, 'an unexpected error; the host stops');
      process.exitCode = 1;
      stop('an unexpected error');
    }
  };
  process.on('uncaughtException', handle);
  process.on('unhandledRejection', handle);
}

/** Takes changes of the configuration's files over. One that is not good changes nothing. */
function followConfig(host: Host, loaded: LoadedConfig, read: () => Promise<LoadedConfig>): Disposable {
  const take = async () => {
    try {
      await host.apply(await read());
    } catch (err) {
      host.log.error({ err }, 'the changed configuration is not taken over');
    }
  };
  return watchFiles(loaded.config.host.watch ? loaded.files : [], () => void take());
}

async function start(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parse(args, { config: hostOptions.config });
  const { stdout } = context.terminal;
  const say: Say = (line) => write(stdout, `${line}\n`);
  const paint = styler(stdout);
  const startedAt = performance.now();
  const loaded = await readConfig(values, context);
  const host = new Host({ config: loaded });
  let asked: ((reason: string) => void) | undefined;
  const stopAsked = new Promise<string>((resolve) => (asked = resolve));
  const stop = (reason: string) => asked?.(reason);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop(signal);
      // A second signal means: now.
      process.once(signal, () => void host.stop(signal, 0).then(() => process.exit(1)));
    });
  }
  handleUncaught(host, stop);
  guardExit(host);
  await host.start();
  using _watched = followConfig(host, loaded, () => readConfig(values, context));
  await say(`${paint('bold', 'soulbox')} ${hostVersion}  ${loaded.files.join(' over ')}`);
  await sayPlugins(host, say, paint);
  const canRun = await saySandbox(host, say, paint);
  await sayWelcome(host, say, paint);
  await say(`${paint('green', 'ready')} after ${ms(performance.now() - startedAt)}; Ctrl-C stops`);
  const report = new LanguageReport(host, say, paint);
  if (canRun) void report.tell(loaded.config.host.canaryMs);
  // Signals alone do not keep a process up, nor need there be a transport that does.
  const awake = setInterval(() => undefined, 2 ** 30);
  const reason = await stopAsked;
  clearInterval(awake);
  report.end();
  await say(`stopping: ${reason}`);
  await host.stop(reason);
  await say('stopped');
  return Number(process.exitCode ?? 0);
}

export const startCommand: Command = {
  usage: 'soulbox start [--config FILE]',
  summary: 'start the host and serve until Ctrl-C',
  run: start,
};
