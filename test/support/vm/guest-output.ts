/** What one check in the virtual machine came to. */
export interface GuestCheck {
  readonly output: string;
  readonly exitCode: number;
  /** The cgroups that it left, as paths. */
  readonly left: string;
  /** What its lines `RESULT {"name": value}` say. */
  readonly results: ReadonlyMap<string, unknown>;
}

/** Reads the console: each check that ended, by its name. */
export function readGuest(console: string): Map<string, GuestCheck> {
  const checks = new Map<string, GuestCheck>();
  const pattern = /^GUEST BEGIN (\S+)\n([^]*?)^GUEST EXIT \1 (\d+) \d+ left:(.*)$/gm;
  for (const [, name, output, exitCode, left] of console.matchAll(pattern)) {
    const lines = output!.split('\n').filter((line) => line.startsWith('RESULT '));
    const results = lines.flatMap((line) => Object.entries(JSON.parse(line.slice('RESULT '.length)) as object));
    checks.set(name!, { output: output!, exitCode: Number(exitCode), left: left!, results: new Map(results) });
  }
  return checks;
}
