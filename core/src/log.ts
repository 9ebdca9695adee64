import { destination, pino, type LogFn, type Logger } from 'pino';
import { LineAllowance } from './isolation/line-allowance.ts';

const allowanceKey = Symbol('soulbox/line allowance');
type Limited = Logger & { [allowanceKey]?: LineAllowance };

/** The log of one plugin, and of all children of it together: as much as anyone can read. */
export function pluginLog(log: Logger, plugin: string): Logger {
  const child: Limited = log.child({ plugin });
  child[allowanceKey] = new LineAllowance();
  return child;
}

function limited(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const allowance = (this as Limited)[allowanceKey];
  if (allowance && !allowance.take()) return;
  const omitted = allowance?.omitted() ?? 0;
  if (omitted > 0) method.call(this, { omitted }, 'lines of the log were left out');
  method.apply(this, args);
}

/** The host's log: one line of JSON an entry, on standard error, with secrets of the configuration blotted out. */
export function makeLog(level: string, secrets: readonly string[]): Logger {
  // The longest first: a secret that holds another one must not leave its rest behind.
  const written = secrets.map((secret) => JSON.stringify(secret).slice(1, -1)).toSorted((a, b) => b.length - a.length);
  const blot = (line: string) => written.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), line);
  return pino(
    { level, base: null, hooks: { streamWrite: blot, logMethod: limited } },
    destination({ dest: 2, sync: true }),
  );
}
