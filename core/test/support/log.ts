import { pino, type Logger } from 'pino';

export interface RecordingLog {
  readonly log: Logger;
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

/** A log that keeps its entries for the test to see. */
export function recordingLog(): RecordingLog {
  const entries: Record<string, unknown>[] = [];
  const write = (line: string) => void entries.push(JSON.parse(line) as Record<string, unknown>);
  return { log: pino({ level: 'trace', base: null }, { write }), entries };
}
