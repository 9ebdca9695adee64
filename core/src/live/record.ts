import type {
  Enforcement,
  Json,
  JsonObject,
  LiveLimits,
  LiveRequest,
  LiveSandboxInfo,
  SandboxState,
  StoredDocument,
} from '@soulbox/plugin-sdk';

export const liveCollection = 'sandboxes';
export const liveIndexes = ['tenant,createdAt,state', 'state,endedAt'] as const;

/** Why a sandbox is there no more. */
export type EndReason = 'request' | 'expired' | 'idle' | 'lost' | 'failed';

export interface LiveEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: 'created' | 'paused' | 'resumed' | 'adopted' | 'updated' | 'ended';
  readonly reason?: EndReason | 'request' | 'idle' | 'use';
}

/** A sandbox that stays as the store keeps it. */
export interface LiveRecord {
  readonly id: string;
  readonly tenant: string;
  readonly owner: string;
  /** The run of the host that has it. */
  readonly instance: string;
  readonly driver: string;
  readonly state: SandboxState;
  readonly createdAt: string;
  /** Milliseconds since the epoch; `null` for never. */
  readonly expiresAt: number | null;
  readonly endedAt: string | null;
  readonly image: string | null;
  readonly languages: readonly string[];
  readonly limits: LiveLimits;
  readonly enforced: Enforcement;
  readonly env: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly labels: readonly string[];
  readonly request: LiveRequest;
  /** `null`: it is never idle. */
  readonly idleMs: number | null;
  readonly onIdle: 'pause' | 'delete';
  readonly autoResume: boolean;
  /** The newest {@link mostEvents}. */
  readonly events: readonly LiveEvent[];
}

const mostEvents = 100;

export function withEvent(record: LiveRecord, event: Omit<LiveEvent, 'at'>): LiveRecord {
  return { ...record, events: [...record.events, { at: Date.now(), ...event }].slice(-mostEvents) };
}

export function infoOf(record: LiveRecord): LiveSandboxInfo {
  const { id, tenant, owner, driver, state, createdAt, image, languages, limits, env, metadata, labels, request } =
    record;
  return { id, tenant, owner, driver, state, createdAt, image, languages, limits, env, metadata, labels, request };
}

export function toDocument(record: LiveRecord): JsonObject {
  return record as unknown as { [key: string]: Json };
}

export function fromDocument(document: StoredDocument): LiveRecord {
  return document.value as unknown as LiveRecord;
}

export const hasEnded = ({ state }: Pick<LiveRecord, 'state'>): boolean => state === 'ended' || state === 'lost';
