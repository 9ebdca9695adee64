import { z } from 'zod';
import { token } from '../token.ts';
import type { Principal } from './auth.ts';
import type { LiveAgent, LiveLimits, LiveMount } from './live.ts';

/**
 * What a sandbox may reach. Private, link-local and loopback ranges and the host itself stay closed, unless the host grants a
 * range and `allow` has it by CIDR, too.
 */
export const NetworkPolicySchema = z.strictObject({
  /** `none` (default): nothing. `restricted`: what `allow` has and `deny` has not. `open`: what `deny` has not. */
  mode: z.enum(['none', 'restricted', 'open']),
  /**
   * CIDR, addresses, domain names, `*.example.org`, `*`; each may end in `:PORT` (IPv6 in brackets). Only names that it has
   * can be asked for. `0.0.0.0/0` has all names, too.
   */
  allow: z.array(z.string().min(1).max(300)).max(200).optional(),
  deny: z.array(z.string().min(1).max(300)).max(200).optional(),
  /** The name of a private network of the tenant: sandboxes in it reach each other as `NAME.sandbox`. */
  private: z.string().min(1).max(64).optional(),
  /** Its own name there. Default: its id. */
  name: z.string().min(1).max(63).optional(),
});
export type NetworkPolicy = z.infer<typeof NetworkPolicySchema>;

export const VolumeMountSchema = z.strictObject({
  /** Of the tenant. */
  volume: z.string().min(1).max(64),
  /** Absolute, below `/home/sandbox` or `/mnt`. */
  path: z.string().min(2).max(1_000),
  readOnly: z.boolean().optional(),
});
export type VolumeMount = z.infer<typeof VolumeMountSchema>;

/** What a client asked for that plugins see to. Each that nobody has handled is refused as `unsupported`. */
export interface LiveRequest {
  readonly network?: NetworkPolicy;
  readonly volumes?: readonly VolumeMount[];
  /** A name or id. */
  readonly template?: string;
  /** An id. */
  readonly snapshot?: string;
}

/** What a sandbox that stays is about to be made of. */
export interface LivePlan {
  readonly image: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly LiveMount[];
  readonly gateway: boolean;
  /** What of the request has been seen to. */
  readonly handled: readonly (keyof LiveRequest)[];
}

export type SandboxState = 'starting' | 'running' | 'paused' | 'ended' | 'lost';

/** A sandbox that stays, as the host has recorded it. */
export interface LiveSandboxInfo {
  readonly id: string;
  readonly tenant: string;
  /** The principal that made it. */
  readonly owner: string;
  readonly driver: string;
  readonly state: SandboxState;
  readonly createdAt: string;
  readonly image: string | null;
  readonly languages: readonly string[];
  readonly limits: LiveLimits;
  /** Of everything that is started in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly labels: readonly string[];
  readonly request: LiveRequest;
}

/** A sandbox in use: it is not taken for idle before {@link release} is called. */
export interface OpenSandbox {
  readonly info: LiveSandboxInfo;
  readonly agent: LiveAgent;
  release(): void;
}

/** A sandbox that a plugin makes for a principal, as `sandboxes.create` would. */
export interface SandboxOrder {
  readonly languages?: readonly string[];
  readonly image?: string;
  readonly limits?: Partial<LiveLimits>;
  readonly env?: Readonly<Record<string, string>>;
  readonly request?: LiveRequest;
  /** It ends by itself after that, whoever forgot it. */
  readonly lifetimeMs: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The sandboxes that stay, for the plugins whose operations work in them. Provided by the host. */
export interface LiveSandboxes {
  /**
   * Opens one of the tenant's for use, resuming it where it is paused and may be.
   * @throws not_found, also for those of other tenants; sandbox_paused, sandbox_lost, draining
   */
  open(id: string, options: { readonly tenant: string; readonly signal?: AbortSignal }): Promise<OpenSandbox>;
  /** @throws not_found */
  get(id: string, options: { readonly tenant: string }): Promise<LiveSandboxInfo>;
  list(options: { readonly tenant: string }): Promise<readonly LiveSandboxInfo[]>;
  /** @throws overloaded, draining, limit_out_of_range, unsupported, language_unknown, sandbox_unavailable, and what taps throw */
  make(order: SandboxOrder, principal: Principal): Promise<LiveSandboxInfo>;
  /** Takes one of the tenant's away, with all that is in it. @throws not_found */
  remove(id: string, options: { readonly tenant: string }): Promise<void>;
}
export const LiveSandboxes = token<LiveSandboxes>('live-sandboxes', '1.0.0', ['open', 'get', 'list', 'make', 'remove']);

/** Opens a sandbox of the principal's for as long as the work takes. @throws what {@link LiveSandboxes.open} and the work throw */
export async function inSandbox<T>(
  sandboxes: LiveSandboxes,
  id: string,
  { principal, signal }: { readonly principal: Pick<Principal, 'tenant'>; readonly signal?: AbortSignal },
  work: (sandbox: OpenSandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await sandboxes.open(id, { tenant: principal.tenant, ...(signal ? { signal } : {}) });
  try {
    return await work(sandbox);
  } finally {
    sandbox.release();
  }
}

/** These bytes as a stream, which is what a {@link LiveAgent} takes. */
export async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
