import { LiveSandboxes, type HookTaps, type LiveSandboxes as LiveSandboxesContract } from '@soulbox/plugin-sdk';
import { ScriptedLiveDriver, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { FaultyStore, scriptedHost, type ScriptedHost } from './scripted-host.ts';

export interface Shown {
  readonly id: string;
  readonly state: string;
  readonly [name: string]: unknown;
}

export interface LiveHost extends ScriptedHost {
  readonly driver: ScriptedLiveDriver;
  readonly store: FaultyStore;
  readonly live: LiveSandboxesContract;
  create(params?: object): Promise<Shown>;
  state(id: string): Promise<string>;
  /** What became of it, in order. */
  story(id: string): Promise<string[]>;
}

export interface LiveHostOptions {
  readonly driver?: ScriptedLiveDriver;
  readonly store?: FaultyStore;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly tap?: (hooks: HookTaps) => void;
}

/** A host whose sandboxes can stay; with driver and store of another one, the next after it. */
export async function liveHost(options: LiveHostOptions = {}): Promise<LiveHost> {
  const { driver = new ScriptedLiveDriver(), store = new FaultyStore(), settings = {}, tap } = options;
  const config = { live: settings, sandbox: { ready: 0, probeMs: 2_000 } };
  const host = await scriptedHost({ driver, store, config, ...(tap ? { tap } : {}) });
  const get = async (id: string) => (await host.call('sandboxes.get', { id })) as Shown;
  return {
    ...host,
    driver,
    store,
    live: host.service<LiveSandboxesContract>(LiveSandboxes)!,
    create: async (params = {}) => (await host.call('sandboxes.create', params)) as Shown,
    state: async (id) => (await get(id)).state,
    story: async (id) => {
      const { events } = (await host.call('sandboxes.logs', { id })) as { events: { type: string; reason?: string }[] };
      return events.map(({ type, reason }) => (reason === undefined ? type : `${type} ${reason}`));
    },
  };
}

export const { tenant } = testPrincipal;
