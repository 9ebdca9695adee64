import { SoulboxError, type SandboxRecords, type z } from '@soulbox/plugin-sdk';
import { newToken } from './access.ts';
import type { Config } from './config.ts';
import { placeOf, type AccessSchema, type PreviewRecord } from './shapes.ts';
import type { Uses } from './uses.ts';

/** What is asked for with a preview. */
export interface Wanted {
  readonly port: number;
  readonly access: z.infer<typeof AccessSchema>;
  readonly expiresInMs: number | undefined;
}

/** Which ports of sandboxes are shown, and to whom. */
export class Previews {
  readonly #config: Config;
  readonly #records: SandboxRecords<typeof PreviewRecord>;
  readonly #uses: Uses;

  constructor(config: Config, records: SandboxRecords<typeof PreviewRecord>, uses: Uses) {
    this.#config = config;
    this.#records = records;
    this.#uses = uses;
  }

  get any(): boolean {
    return this.#records.all.length > 0;
  }

  /**
   * Shows a port; one that is shown already is shown as is said now, and to nobody else.
   * @throws permission_denied, overloaded, storage_failed
   */
  async show(sandbox: string, tenant: string, { port, access, expiresInMs }: Wanted) {
    if (!this.#config.access.includes(access))
      throw new SoulboxError('permission_denied', `this host has no previews with access ${access}`);
    const { token, tokenHash } = access === 'token' ? newToken() : { token: null, tokenHash: null };
    const now = Date.now();
    const record = {
      id: placeOf(port, sandbox),
      tenant,
      sandbox,
      port,
      access,
      tokenHash,
      createdAt: new Date(now).toISOString(),
      expiresAt: expiresInMs === undefined ? null : new Date(now + expiresInMs).toISOString(),
    };
    await this.#dropExpired();
    await this.#records.put(record, this.#config.previews);
    this.#uses.cut(record.id);
    return { record, token };
  }

  /** @throws not_found */
  async hide(sandbox: string, tenant: string, port: number): Promise<void> {
    const id = placeOf(port, sandbox);
    if (this.find(id).tenant !== tenant) throw unknown();
    await this.#records.remove(id);
    this.#uses.cut(id);
  }

  /** Of one tenant, the oldest first. */
  of(tenant: string, sandbox?: string) {
    return this.#records.of(tenant, sandbox).filter((each) => !isOver(each));
  }

  /** @throws not_found, also for one whose time is over */
  find(id: string) {
    const record = this.#records.get(id);
    if (record === undefined || isOver(record)) throw unknown();
    return record;
  }

  async forget(sandbox: string): Promise<void> {
    for (const id of await this.#records.removeOf(sandbox)) this.#uses.cut(id);
  }

  async #dropExpired(): Promise<void> {
    const over = this.#records.all.filter(isOver).map(({ id }) => id);
    if (over.length > 0) await this.#records.remove(...over);
  }
}

const unknown = () => new SoulboxError('not_found', 'there is no such preview');
const isOver = ({ expiresAt }: { readonly expiresAt: string | null }) =>
  expiresAt !== null && Date.parse(expiresAt) <= Date.now();
