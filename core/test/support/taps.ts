import type { BailHook, ParallelHook, SeriesHook, WaterfallHook } from '@soulbox/plugin-sdk';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import type { TapOwner } from '../../src/hooks/tap.ts';
import { recordingLog, type RecordingLog } from './log.ts';

export interface Owner extends TapOwner {
  readonly entries: RecordingLog['entries'];
  stop(): void;
}

/** A plugin, as far as the bus is concerned. */
export function owner(id: string): Owner {
  const { log, entries } = recordingLog();
  const controller = new AbortController();
  return { id, log, entries, signal: controller.signal, stop: () => controller.abort() };
}

/** Hooks of the plugin `own`, which the types of the catalogue know nothing of. */
declare module '@soulbox/plugin-sdk' {
  interface Hooks {
    'own.series': SeriesHook<string>;
    'own.parallel': ParallelHook<string>;
    'own.bail': BailHook<string, number>;
    'own.waterfall': WaterfallHook<number, string>;
  }
}

export const own = {
  series: { kind: 'series', timeoutMs: 1_000, onError: 'fail', description: 'One after another.' },
  parallel: { kind: 'parallel', timeoutMs: 1_000, onError: 'isolate', description: 'All at once.' },
  bail: { kind: 'bail', timeoutMs: 1_000, onError: 'fail', description: 'The first to answer.' },
  waterfall: { kind: 'waterfall', timeoutMs: 1_000, onError: 'fail', description: 'Each changes a number.' },
} as const;

/** A bus with the hooks `own.series`, `own.parallel`, `own.bail` and `own.waterfall`. */
export function busWithOwnHooks(): HookBus {
  const bus = new HookBus();
  for (const [name, definition] of Object.entries(own)) bus.define('own', `own.${name}`, definition);
  return bus;
}
