import type { Logger } from 'pino';
import {
  SandboxDriver,
  SoulboxError,
  type LiveSandboxes as LiveSandboxesContract,
  type LiveSandboxInfo,
  type OpenSandbox,
  type Principal,
  type SandboxInfo,
  type SandboxOrder,
} from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { Instance } from '../instance.ts';
import type { Services } from '../services.ts';
import type { StoreHandle } from '../store-handle.ts';
import { LiveSandbox, type LiveParts } from './live-sandbox.ts';
import { planSandbox, type LiveOrder, type PlanningParts } from './planning.ts';
import {
  fromDocument,
  hasEnded,
  infoOf,
  liveCollection,
  liveIndexes,
  toDocument,
  withEvent,
  type LiveRecord,
} from './record.ts';

export interface LiveSandboxesParts extends PlanningParts {
  readonly store: StoreHandle;
  readonly hooks: HookBus;
  readonly services: Services;
  readonly log: Logger;
  readonly settings: Config['live'];
  readonly driverMs: number;
}

/** How a new sandbox lives. */
export interface LiveTerms {
  readonly lifetimeMs: number | null;
  readonly idleMs: number | null;
  readonly onIdle: 'pause' | 'delete' | undefined;
  readonly autoResume: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly labels: readonly string[];
}

const pageSize = 1_000;
const dayMs = 86_400_000;
const unknown = (): SoulboxError => new SoulboxError('not_found', 'there is no such sandbox');

/** The sandboxes that stay: made, found again, opened and taken away. Each ends in exactly one recorded state. */
export class LiveSandboxes implements LiveSandboxesContract {
  private readonly parts: LiveSandboxesParts;
  private readonly live = new Map<string, LiveSandbox>();
  private instance: Instance | undefined;
  private closing = false;

  constructor(parts: LiveSandboxesParts) {
    this.parts = parts;
  }

  /**
   * Finds again what earlier hosts left: those that still live are taken over, the others are lost. Boxes that no record
   * knows of go. @throws storage_failed
   */
  async start(instance: Instance): Promise<void> {
    this.instance = instance;
    const { store, services, log } = this.parts;
    await store.define(liveCollection, { indexes: liveIndexes });
    const drivers = services.all<SandboxDriver>(SandboxDriver);
    const adopted = new Map<string, { readonly driver: SandboxDriver; readonly info: SandboxInfo }>();
    const answered = new Set<string>();
    await Promise.all(
      [...drivers].map(async ([name, driver]) => {
        try {
          for (const info of (await driver.adopt?.()) ?? []) adopted.set(info.id, { driver, info });
          answered.add(name);
        } catch (err) {
          log.error({ err, driver: name }, 'sandboxes of a dead host could not be taken over');
        }
      }),
    );
    for (const record of await this.unended()) {
      const box = adopted.get(record.id);
      // Also what a host that lives has is known: it must not be taken for a box without a record.
      adopted.delete(record.id);
      if (await instance.isAlive(record.instance)) continue;
      // Whose driver cannot tell now may be there all the same: the next start asks again, as long as it may stay.
      const mayStay = record.expiresAt === null || record.expiresAt > Date.now();
      if (!answered.has(record.driver) && mayStay) continue;
      await this.takeOver(record, box);
    }
    await Promise.all([...adopted.values()].map(({ driver, info }) => this.discard(driver, info.id)));
    // Nobody waits for them, but a lost one should not be found only when it is used.
    for (const sandbox of this.live.values())
      if (sandbox.record.state === 'running') void sandbox.reach().catch(() => undefined);
  }

  private async unended(): Promise<LiveRecord[]> {
    const records: LiveRecord[] = [];
    for (const state of ['starting', 'running', 'paused']) {
      let after: string | null | undefined;
      while (after !== null) {
        const page = await this.parts.store.query(liveCollection, {
          where: { state },
          limit: pageSize,
          ...(after === undefined ? {} : { after }),
        });
        records.push(...page.documents.map(fromDocument));
        after = page.cursor;
      }
    }
    return records;
  }

  private async takeOver(
    record: LiveRecord,
    box: { readonly driver: SandboxDriver; readonly info: SandboxInfo } | undefined,
  ): Promise<void> {
    const isThere = box !== undefined && record.state !== 'starting' && box.info.state !== 'exited';
    if (!isThere) {
      const ended = { state: 'lost', endedAt: new Date().toISOString() } as const;
      await this.put(withEvent({ ...record, ...ended }, { type: 'ended', reason: 'lost' }));
      if (box) await this.discard(box.driver, record.id);
      await this.parts.hooks.call('live.ended', { sandbox: infoOf({ ...record, ...ended }), reason: 'lost' });
      return;
    }
    const { driver, info } = box;
    const state = info.state === 'paused' ? 'paused' : 'running';
    const sandbox = this.hold({ ...record, state }, driver);
    await sandbox.save(withEvent({ ...record, state, instance: this.instance!.id }, { type: 'adopted' }));
    sandbox.watch();
  }

  private async put(record: LiveRecord): Promise<void> {
    await this.parts.store.commit([
      { op: 'put', collection: liveCollection, id: record.id, value: toDocument(record) },
    ]);
  }

  private async discard(driver: SandboxDriver, id: string): Promise<void> {
    await driver.destroy(id).catch((err: unknown) => {
      this.parts.log.error({ err, sandbox: id }, 'a sandbox that nobody knows could not be taken away');
    });
  }

  private hold(record: LiveRecord, driver: SandboxDriver): LiveSandbox {
    const { store, hooks, log, driverMs } = this.parts;
    const parts: LiveParts = { store, hooks, log, driverMs, forget: (id) => void this.live.delete(id) };
    const sandbox = new LiveSandbox(record, driver, parts);
    this.live.set(record.id, sandbox);
    return sandbox;
  }

  /** @throws overloaded, draining, limit_out_of_range, unsupported, sandbox_unavailable, and what taps throw */
  async create(order: LiveOrder, terms: LiveTerms, principal: Principal): Promise<LiveRecord> {
    if (this.closing || !this.instance) throw new SoulboxError('draining', 'the host makes no sandboxes now');
    this.checkCount(principal.tenant);
    const { chosen, spec, image, env, languages } = await planSandbox(this.parts, order, principal);
    const { driver, report } = chosen;
    const canPause = report.capabilities.includes('pause');
    if (terms.onIdle === 'pause' && !canPause)
      throw new SoulboxError('unsupported', `driver ${chosen.name} pauses nothing (capability "pause")`);
    this.checkCount(principal.tenant);
    const sandbox = this.hold(
      {
        id: spec.id,
        tenant: principal.tenant,
        owner: principal.id,
        instance: this.instance.id,
        driver: chosen.name,
        state: 'starting',
        createdAt: new Date().toISOString(),
        expiresAt: terms.lifetimeMs === null ? null : Date.now() + terms.lifetimeMs,
        endedAt: null,
        image,
        languages,
        limits: spec.limits,
        // One that stays has no limits on time and output.
        enforced: {
          ...report.enforced,
          ...(spec.gateway ? { network: 'gateway' } : {}),
          cpu: 'none',
          output: 'none',
          wall: 'none',
        },
        env,
        metadata: terms.metadata,
        labels: terms.labels,
        request: order.request,
        idleMs: terms.idleMs,
        onIdle: terms.onIdle ?? (canPause ? 'pause' : 'delete'),
        autoResume: terms.autoResume,
        events: [],
      },
      driver,
    );
    try {
      await sandbox.save(sandbox.record);
      await this.build(sandbox, driver, spec);
      await sandbox.save(withEvent({ ...sandbox.record, state: 'running' }, { type: 'created' }));
    } catch (thrown) {
      await sandbox.end('failed').catch(() => this.live.delete(spec.id));
      throw thrown;
    }
    sandbox.watch();
    return sandbox.record;
  }

  private async build(
    sandbox: LiveSandbox,
    driver: SandboxDriver,
    spec: Parameters<NonNullable<SandboxDriver['createLive']>>[0],
  ): Promise<void> {
    const late = () => new SoulboxError('plugin_timeout', 'the driver did not make the sandbox in time');
    const abort = new AbortController();
    const making = driver.createLive!(spec, { signal: abort.signal });
    await withDeadline(making, this.parts.driverMs, late).catch((thrown: unknown) => {
      abort.abort();
      throw thrown;
    });
    const agent = await sandbox.reach();
    await this.parts.hooks.call('live.filling', { sandbox: infoOf(sandbox.record), agent });
  }

  private checkCount(tenant: string): void {
    const { perTenant } = this.parts.settings;
    const count = [...this.live.values()].filter(({ record }) => record.tenant === tenant).length;
    if (count < perTenant) return;
    throw new SoulboxError('overloaded', `the tenant has ${count} sandboxes, and may have ${perTenant}`, {
      details: { maximum: perTenant },
    });
  }

  async make({ env = {}, request = {}, lifetimeMs, metadata = {}, ...order }: SandboxOrder, principal: Principal) {
    const terms = { lifetimeMs, idleMs: null, onIdle: 'delete', autoResume: true, metadata, labels: [] } as const;
    return infoOf(await this.create({ ...order, env, request }, terms, principal));
  }

  async remove(id: string, { tenant }: { readonly tenant: string }): Promise<void> {
    await this.find(id, tenant).end('request');
  }

  /** One of the tenant's that lives. @throws not_found */
  find(id: string, tenant: string): LiveSandbox {
    const found = this.live.get(id);
    if (!found || found.record.tenant !== tenant) throw unknown();
    return found;
  }

  /** Of one that lives or has ended. @throws not_found */
  async record(id: string, tenant: string): Promise<LiveRecord> {
    const live = this.live.get(id)?.record;
    const document = live ? undefined : await this.parts.store.get(liveCollection, id);
    const record = live ?? (document && fromDocument(document));
    if (!record || record.tenant !== tenant) throw unknown();
    return record;
  }

  async open(id: string, { tenant }: { readonly tenant: string }): Promise<OpenSandbox> {
    const sandbox = this.find(id, tenant);
    if (this.closing) throw new SoulboxError('draining', 'the host shuts down');
    return sandbox.open();
  }

  async get(id: string, { tenant }: { readonly tenant: string }): Promise<LiveSandboxInfo> {
    return infoOf(await this.record(id, tenant));
  }

  async list({ tenant }: { readonly tenant: string }): Promise<readonly LiveSandboxInfo[]> {
    return [...this.live.values()].flatMap(({ record }) => (record.tenant === tenant ? [infoOf(record)] : []));
  }

  /** Forgets those that ended more than so many days ago. */
  async forgetOld(retentionDays: number, now: Date): Promise<void> {
    const before = new Date(now.getTime() - retentionDays * dayMs).toISOString();
    for (const state of ['ended', 'lost']) {
      // The rest of more than a page has its turn at the next round.
      const { documents } = await this.parts.store.query(liveCollection, {
        where: { state },
        orderBy: { field: 'endedAt' },
        limit: pageSize,
      });
      const old = documents.filter((document) => (fromDocument(document).endedAt ?? '') < before);
      if (old.length === 0) continue;
      await this.parts.store.commit(old.map(({ id }) => ({ op: 'delete', collection: liveCollection, id }) as const));
    }
  }

  /** Lets go of them all; they go on, and the next host finds them. */
  close(): void {
    this.closing = true;
    for (const sandbox of this.live.values()) if (!hasEnded(sandbox.record)) sandbox.close();
    this.live.clear();
  }
}
