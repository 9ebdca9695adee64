import { pino, type Logger } from 'pino';
import { LineAllowance } from '../line-allowance.ts';

/** A logger whose lines go to the host. One that logs without end would otherwise keep the channel busy. */
export function forwardingLog(forward: (line: string) => void): Logger {
  const allowance = new LineAllowance();
  const write = (line: string) => {
    if (!allowance.take()) return;
    const omitted = allowance.omitted();
    if (omitted > 0) forward(JSON.stringify({ level: 40, omitted, msg: 'lines of the log were left out' }));
    forward(line);
  };
  return pino({ level: 'trace', base: null, timestamp: false }, { write });
}
