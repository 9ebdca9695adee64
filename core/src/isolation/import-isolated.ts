import type { ChildProcess } from 'node:child_process';
import {
  optional,
  SoulboxError,
  type AnyRequirement,
  type Plugin,
  type PluginContext,
  type PluginDefinition,
  type Requires,
} from '@soulbox/plugin-sdk';
import { locatedConfigError, type OwnConfig } from '../plugins/definition.ts';
import type { ResolvedPackage } from '../plugins/resolve.ts';
import type { ImportSettings, LoadedPlugin, PluginEvents } from '../plugins/source.ts';
import { processBoundary } from './boundary.ts';
import { Bridge, type AnyFunction } from './bridge.ts';
import { hostRoot } from './host-root.ts';
import { permissionPlan, type PermissionPlan } from './permission-flags.ts';
import { parseDescription, remoteSchema, tokenFrom, type Description } from './protocol.ts';
import { RunnerLog } from './runner-log.ts';
import { endRunner, startRunner } from './runner-process.ts';
import { Watchdog } from './watchdog.ts';

/** What a process needs besides the heap of its plugin. */
const overheadBytes = 192 * 1024 * 1024;

/**
 * Imports a plugin in a process of its own. What comes back is an ordinary plugin to the host: its set-up taps the hooks,
 * offers the services and adds the operations that the plugin's own set-up in the other process asks for.
 * @throws plugin_process_lost, plugin_timeout, plugin_manifest_invalid, plugin_failed
 */
export async function importIsolated(
  id: string,
  found: ResolvedPackage,
  settings: ImportSettings,
  events: PluginEvents,
): Promise<LoadedPlugin> {
  const isolated = new IsolatedPlugin(id, found, settings, events);
  try {
    return await isolated.load();
  } catch (thrown) {
    await isolated.dispose();
    throw thrown;
  }
}

class IsolatedPlugin {
  private readonly id: string;
  private readonly found: ResolvedPackage;
  private readonly settings: ImportSettings;
  private readonly events: PluginEvents;
  private readonly plan: PermissionPlan;
  private readonly child: ChildProcess;
  private readonly bridge: Bridge;
  private readonly watchdog: Watchdog;
  private readonly log: RunnerLog;
  /** What the runner may call by name; its context is among it once it is set up. */
  private readonly root: Record<string, AnyFunction>;
  private reason: string | undefined;
  private ending = false;
  private lost: SoulboxError | undefined;

  constructor(id: string, found: ResolvedPackage, settings: ImportSettings, events: PluginEvents) {
    const { host, dataDir, log } = settings;
    const { permissions } = found.manifest.soulbox;
    this.id = id;
    this.found = found;
    this.settings = settings;
    this.events = events;
    const coverage = process.env['NODE_V8_COVERAGE'];
    this.plan = permissionPlan({ folder: found.folder, dataDir: dataDir?.(id), permissions, coverage });
    this.child = startRunner({
      folder: found.folder,
      permissions,
      plan: this.plan,
      memoryBytes: host.pluginMemoryBytes,
    });
    this.log = new RunnerLog(log.child({ plugin: id }), this.child);
    this.root = {
      log: (line: string) => this.log.forwarded(line),
      fatal: (message: string, stack: string) => {
        this.reason = message;
        this.log.fatal(message, stack);
      },
    };
    this.bridge = new Bridge(this.root, {
      send: (message) => this.send(message),
      log,
      callMs: host.pluginCallMs,
    });
    this.watchdog = this.watch();
    this.child.on('message', (message) => {
      this.watchdog.message();
      this.bridge.receive(message);
    });
    this.child.once('exit', (code, signal) => this.ended(code, signal));
    this.child.once('error', (error) => {
      this.reason = error.message;
      this.ended(null, null);
    });
  }

  private send(message: object): void {
    // The callback takes the error of a process that is gone; its exit tells the same.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private watch(): Watchdog {
    const { pluginStopMs, pluginMemoryBytes } = this.settings.host;
    return new Watchdog({
      pid: this.child.pid ?? 0,
      ping: () => this.bridge.root('ping', []),
      silenceMs: pluginStopMs,
      memoryBytes: pluginMemoryBytes + overheadBytes,
      onViolation: (what) => {
        this.reason = what;
        this.child.kill('SIGKILL');
      },
    });
  }

  private ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.lost) return;
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const message = `the process of plugin ${this.id} ended: ${this.reason ?? how}`;
    this.lost = new SoulboxError('plugin_process_lost', message, { details: { plugin: this.id } });
    this.watchdog.stop();
    this.bridge.close(this.lost);
    if (!this.ending) this.events.lost(this.lost);
  }

  async load(): Promise<LoadedPlugin> {
    const { pluginStartMs } = this.settings.host;
    const { folder, manifest } = this.found;
    const answer = await this.bridge.root('import', [{ folder, manifest }], pluginStartMs);
    const plugin: Plugin = { $soulbox: 1, definition: this.definition(parseDescription(answer)) };
    return {
      plugin,
      boundary: processBoundary(this.plan),
      pid: this.child.pid ?? null,
      parseConfig: (own) => this.parseConfig(own),
      dispose: () => this.dispose(),
    };
  }

  private async parseConfig(own: OwnConfig): Promise<unknown> {
    try {
      return await this.bridge.root('parseConfig', [own.rawConfig], this.settings.host.pluginStartMs);
    } catch (thrown) {
      throw locatedConfigError(own, thrown);
    }
  }

  private definition({ id, config, requires, provides, reload }: Description): PluginDefinition {
    const wanted: Requires = Object.fromEntries(
      Object.entries(requires).map(([name, { token, optional: mayLack }]): [string, AnyRequirement] => {
        const made = tokenFrom(token);
        return [name, mayLack ? optional(made) : made];
      }),
    );
    return {
      id,
      ...(config ? { config: remoteSchema(config) } : {}),
      requires: wanted,
      provides: provides.map(tokenFrom),
      ...(reload ? { reload } : {}),
      setup: (context, services) => this.setUp(context, services),
    };
  }

  private async setUp(context: PluginContext, services: unknown): Promise<() => Promise<void>> {
    const { pluginStopMs } = this.settings.host;
    Object.assign(this.root, hostRoot(context, this.bridge));
    const { deploymentId } = context;
    await this.bridge.root('setup', [{ id: this.id, deploymentId }, services]);
    return async () => {
      if (this.lost) return;
      const problems = await this.bridge.root('stop', [pluginStopMs]);
      const [problem] = problems as readonly { label: string; error: Error }[];
      if (problem) throw new SoulboxError('plugin_failed', `${problem.label}: ${problem.error.message}`);
    };
  }

  async dispose(): Promise<void> {
    this.ending = true;
    this.watchdog.stop();
    await endRunner(this.child, this.settings.host.pluginStopMs);
  }
}
