import { setImmediate as turn } from 'node:timers/promises';
import { Bridge, type AnyFunction } from '../../src/isolation/bridge.ts';
import { recordingLog } from './log.ts';

export interface BridgePair {
  readonly near: Bridge;
  readonly far: Bridge;
  /** What the log of the far side was told. */
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

/** Two ends of a bridge in one process. Messages are copied as a channel between processes does. */
export function bridgePair(
  root: Readonly<Record<string, AnyFunction>>,
  options: { readonly near?: Readonly<Record<string, AnyFunction>>; readonly callMs?: number } = {},
): BridgePair {
  const { log, entries } = recordingLog();
  const near: Bridge = new Bridge(options.near ?? {}, {
    send: (message) => queueMicrotask(() => far.receive(structuredClone(message))),
    log,
    ...(options.callMs === undefined ? {} : { callMs: options.callMs }),
  });
  const far: Bridge = new Bridge(root, {
    send: (message) => queueMicrotask(() => near.receive(structuredClone(message))),
    log,
  });
  return { near, far, entries };
}

/** Lets every message that is under way arrive. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await turn();
}
