import { destination, pino, type Logger } from 'pino';

/** The host's log: one line of JSON an entry, on standard error, with secrets of the configuration blotted out. */
export function makeLog(level: string, secrets: readonly string[]): Logger {
  // The longest first: a secret that holds another one must not leave its rest behind.
  const written = secrets.map((secret) => JSON.stringify(secret).slice(1, -1)).toSorted((a, b) => b.length - a.length);
  const blot = (line: string) => written.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), line);
  return pino({ level, base: null, hooks: { streamWrite: blot } }, destination({ dest: 2, sync: true }));
}
