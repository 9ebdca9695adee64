import { destination, pino, type Logger } from 'pino';

/** The host's log: one line of JSON an entry, on standard error, with secrets of the configuration blotted out. */
export function makeLog(level: string, secrets: readonly string[]): Logger {
  const blot = (line: string) =>
    secrets.reduce((text, secret) => text.replaceAll(JSON.stringify(secret).slice(1, -1), '[redacted]'), line);
  return pino({ level, base: null, hooks: { streamWrite: blot } }, destination({ dest: 2, sync: true }));
}
