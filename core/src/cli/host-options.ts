/** Splits off the options that say which host, wherever they stand. */
export function splitHostOptions(args: readonly string[]): { host: string[]; rest: string[] } {
  const host: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--json') host.push(arg);
    else if (arg === '--config' || arg === '--url' || arg === '--key') host.push(arg, args[(at += 1)] ?? '');
    else rest.push(arg);
  }
  return { host, rest };
}
