import type { ExecutionEvent, ExecutionResult, RemoteClient, Verdict } from '@soulbox/plugin-sdk';

/** Programs that are in the middle of something whenever their host dies. */
const programs: readonly { readonly language: string; readonly code: string }[] = [
  { language: 'python', code: 'print("short")' },
  {
    language: 'python',
    code: `import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", sys.argv[1]])
print("parent", flush=True); time.sleep(300)`,
  },
  {
    language: 'python',
    code: `import os, signal, sys, time
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP): signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(300)
time.sleep(0.1)`,
  },
  {
    language: 'python',
    code: `for place in (".", "/tmp"):
    for number in range(64): open(f"{place}/{number}", "wb").write(bytes(65536))
while True: pass`,
  },
  { language: 'javascript', code: 'setInterval(() => console.log("x".repeat(1000)), 1);' },
];

/** What clients were told about their executions. */
export interface Told {
  /** Ids that were accepted. */
  readonly accepted: Set<string>;
  /** Final verdicts that arrived, by id. */
  readonly settled: Map<string, Verdict | null>;
}

export interface Load {
  readonly told: Told;
  /** Starts no more and resolves when every caller has its answer or its error. */
  end(): Promise<void>;
}

/**
 * Keeps so many callers busy, each with one execution after the other. The first argument of every program is the tag,
 * by which its processes can be found. That a host dies under them is no error of theirs.
 */
export function startLoad(client: RemoteClient, callers: number, tag: string, random: () => number): Load {
  const told: Told = { accepted: new Set(), settled: new Map() };
  let ended = false;

  const call = async (): Promise<void> => {
    const program = programs[Math.floor(random() * programs.length)]!;
    const params = { ...program, args: [tag], limits: { wallMs: 700 }, stream: true };
    for await (const item of client.stream('executions.create', params)) {
      if ('event' in item) {
        const { type, id } = item.event as ExecutionEvent;
        if (type === 'accepted') told.accepted.add(id);
      } else {
        const { id, verdict } = item.result as ExecutionResult;
        told.settled.set(id, verdict);
      }
    }
  };
  const caller = async (): Promise<void> => {
    while (!ended) await call().catch(() => (ended = true));
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return {
    told,
    end: async () => {
      ended = true;
      await all;
    },
  };
}
