/**
 * `npm run bench [-- soak | overload | live | contexts] [options]`: what executions cost, on SoulBox and its peers, side by side.
 * Writes a report into a folder (`--out`, by default `.bench-report`) and prints its first table.
 */
import { contextsCommand } from './contexts.ts';
import { liveCommand } from './live.ts';
import { overloadCommand } from './overload.ts';
import { soakCommand } from './soak.ts';
import { compareSystems } from './systems-report.ts';

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  soak: soakCommand,
  overload: overloadCommand,
  live: liveCommand,
  contexts: contextsCommand,
};
const args = process.argv.slice(2);
const chosen = commands[args[0] ?? ''];
try {
  process.exitCode = await (chosen ? chosen(args.slice(1)) : compareSystems(args));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
