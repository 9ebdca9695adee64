import type { Logger } from 'pino';
import {
  EnforcementSchema,
  parse,
  reachesIsolation,
  SandboxDriver,
  SoulboxError,
  toSoulboxError,
  z,
  type DriverReport,
  type IsolationLevel,
} from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import type { Services } from '../services.ts';

/** A driver that works here, and what it enforces. */
export interface ChosenDriver {
  readonly name: string;
  readonly driver: SandboxDriver;
  readonly report: DriverReport;
}

/** One driver as `soulbox doctor` shows it. `problem` says why it is not used; `null` when it could be. */
export interface DriverStatus {
  readonly name: string;
  readonly report: DriverReport;
  readonly problem: string | null;
}

const ReportSchema = z.object({
  available: z.boolean(),
  reason: z.string().nullable(),
  enforced: EnforcementSchema,
  capabilities: z.array(z.custom<DriverReport['capabilities'][number]>((value) => typeof value === 'string')),
  advice: z.array(z.string()),
  toolchains: z.enum(['host', 'image']).exactOptional(),
});

/** After so long a driver that could not be used is tried again. */
const retryMs = 10_000;

interface Probed {
  readonly driver: SandboxDriver;
  readonly outcome: Promise<ChosenDriver | DriverStatus>;
  until: number;
}

const unenforced = {
  namespaces: 'none',
  user: 'none',
  filesystem: 'none',
  network: 'none',
  seccomp: 'none',
  memory: 'none',
  processes: 'none',
  cpu: 'none',
  disk: 'none',
  output: 'none',
  wall: 'none',
};

function failedReport(reason: string): DriverReport {
  return { available: false, reason, enforced: { level: 'none', ...unenforced }, capabilities: [], advice: [] };
}

/** Finds the driver to use: the first in the configured order whose canary proves that it holds enough. */
export class SandboxRegistry {
  private readonly services: Services;
  private readonly settings: Config['sandbox'];
  private readonly log: Logger;
  private chosen: Promise<ChosenDriver> | undefined;
  private readonly probed = new Map<string, Probed>();

  constructor(services: Services, settings: Config['sandbox'], log: Logger) {
    this.services = services;
    this.settings = settings;
    this.log = log;
  }

  /**
   * The driver for executions; found out once, and kept as long as its plugin is up.
   * @throws sandbox_unavailable, isolation_insufficient: with the reason of each driver under `details.drivers`.
   */
  async choose(): Promise<ChosenDriver> {
    const choosing = (this.chosen ??= this.findDriver());
    const forget = () => {
      if (this.chosen === choosing) this.chosen = undefined;
    };
    try {
      const chosen = await choosing;
      if (this.isCurrent(chosen)) return chosen;
    } catch (thrown) {
      // What was missing may be there at the next try.
      forget();
      throw thrown;
    }
    forget();
    return this.choose();
  }

  /** A driver turned out not to work: it must prove anew that it does. */
  forget({ name, driver }: ChosenDriver): void {
    if (this.probed.get(name)?.driver === driver) this.probed.delete(name);
  }

  /** Whether a driver that was chosen is still there. */
  isCurrent({ name, driver }: ChosenDriver): boolean {
    return this.services.all<SandboxDriver>(SandboxDriver).get(name) === driver;
  }

  private candidates(order: readonly string[] = this.settings.order): [string, SandboxDriver][] {
    const drivers = this.services.all<SandboxDriver>(SandboxDriver);
    const { driver } = this.settings;
    const wanted = driver === 'auto' ? new Set([...order, ...drivers.keys()]) : [driver];
    return [...wanted].flatMap((name) => {
      const found = drivers.get(name);
      return found ? [[name, found] as [string, SandboxDriver]] : [];
    });
  }

  private async findDriver(): Promise<ChosenDriver> {
    const tried: DriverStatus[] = [];
    for await (const candidate of this.inOrder()) {
      if ('driver' in candidate) return candidate;
      tried.push(candidate);
    }
    throw this.unusable(tried);
  }

  /**
   * Every driver, the preferred one first: those that can be used as what they enforce, the others as why not. Each is
   * probed when it is its turn.
   */
  async *inOrder(order?: readonly string[]): AsyncGenerator<ChosenDriver | DriverStatus> {
    for (const [name, driver] of this.candidates(order)) yield await this.known(name, driver);
  }

  /** The error where none of the drivers can be used. What was missing may be there at the next try. */
  unusable(tried: readonly DriverStatus[]): SoulboxError {
    for (const { name } of tried) this.probed.delete(name);
    return unusable(tried, this.settings.driver);
  }

  /** What the probe of a driver said: kept as long as its plugin is up, but for a while only where it cannot be used. */
  private known(name: string, driver: SandboxDriver): Promise<ChosenDriver | DriverStatus> {
    const present = this.probed.get(name);
    if (present?.driver === driver && performance.now() < present.until) return present.outcome;
    const failed = () => (entry.until = performance.now() + retryMs);
    const entry: Probed = { driver, until: Infinity, outcome: this.probe(name, driver, failed) };
    this.probed.set(name, entry);
    return entry.outcome;
  }

  private async probe(name: string, driver: SandboxDriver, failed: () => void): Promise<ChosenDriver | DriverStatus> {
    const status = await this.inspect(name, driver);
    if (status.problem === null) return { name, driver, report: status.report };
    this.log.warn({ driver: name, problem: status.problem }, 'a sandbox driver is not usable');
    failed();
    return status;
  }

  /** Probes every driver afresh, for people who want to know. */
  inspectAll(): Promise<DriverStatus[]> {
    return Promise.all(this.candidates().map(([name, driver]) => this.inspect(name, driver)));
  }

  private async inspect(name: string, driver: SandboxDriver): Promise<DriverStatus> {
    const { probeMs, minimum } = this.settings;
    const abort = new AbortController();
    const late = () => new SoulboxError('plugin_timeout', `the probe did not end within ${probeMs} ms`);
    let report: DriverReport;
    try {
      const probed = await withDeadline(driver.probe({ signal: abort.signal }), probeMs, late);
      report = parse(ReportSchema, probed, 'plugin_failed');
    } catch (thrown) {
      abort.abort();
      this.log.error({ err: thrown, driver: name }, 'a sandbox driver could not be probed');
      report = failedReport(toSoulboxError(thrown).message);
    }
    return { name, report, problem: problemOf(report, minimum) };
  }
}

function problemOf(report: DriverReport, minimum: IsolationLevel): string | null {
  if (!report.available) return report.reason ?? 'not available';
  if (!reachesIsolation(report.enforced.level, minimum))
    return `enforces only "${report.enforced.level}", and sandbox.minimum is "${minimum}"`;
  return null;
}

function unusable(tried: readonly DriverStatus[], wanted: string): SoulboxError {
  const drivers = tried.map(({ name, problem, report }) => ({ name, problem, advice: report.advice }));
  const weak = tried.some((status) => status.report.available);
  const reasons = drivers.map((d) => `${d.name}: ${d.problem}`).join('; ');
  const none = wanted === 'auto' ? 'no sandbox driver is configured' : `there is no sandbox driver "${wanted}"`;
  return new SoulboxError(weak ? 'isolation_insufficient' : 'sandbox_unavailable', reasons || none, {
    details: { drivers },
  });
}
