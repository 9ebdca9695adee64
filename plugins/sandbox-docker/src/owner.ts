import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { hostIdentity, type HostIdentity } from '@soulbox/plugin-sdk/agent';
import { labelNames } from './labels.ts';

export type Labels = Readonly<Record<string, string>>;

/** One driver in one process, as the maker of containers. */
export class Owner {
  readonly identity: HostIdentity;
  readonly #deploymentId: string;
  readonly #machine: string;
  readonly #instance = randomBytes(8).toString('hex');

  constructor(deploymentId: string, { identity = identityHere(), machine = bootId() } = {}) {
    this.#deploymentId = deploymentId;
    this.identity = identity;
    this.#machine = machine;
  }

  /** The labels of a container that may live until `expires`, in milliseconds since the epoch. */
  labels(expires: number): Labels {
    return {
      [labelNames.deployment]: this.#deploymentId,
      [labelNames.owner]: this.identity.label,
      [labelNames.machine]: this.#machine,
      [labelNames.instance]: this.#instance,
      [labelNames.expires]: String(expires),
    };
  }

  isOfThisDriver(labels: Labels): boolean {
    return this.#isOfThisDeployment(labels) && labels[labelNames.instance] === this.#instance;
  }

  /**
   * Whether a container of this deployment is certainly nobody's: its process was on this machine and is gone, or it
   * cannot be told from here whether that lives, and the container's time is over.
   */
  isAbandoned(labels: Labels, now: number): boolean {
    if (!this.#isOfThisDeployment(labels)) return false;
    const owner = labels[labelNames.owner] ?? '';
    if (labels[labelNames.machine] === this.#machine) {
      if (owner === this.identity.label) return false;
      if (this.identity.isGone(owner)) return true;
    }
    const expires = labels[labelNames.expires] ?? '';
    return /^\d+$/.test(expires) && Number(expires) < now;
  }

  #isOfThisDeployment(labels: Labels): boolean {
    return labels[labelNames.deployment] === this.#deploymentId;
  }
}

/** Where processes cannot be looked at, nobody is known to be gone. */
function identityHere(): HostIdentity {
  return process.platform === 'linux' ? hostIdentity() : { label: `h${process.pid}-0-0`, isGone: () => false };
}

/** Process ids of another boot, or another machine, mean nothing here. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return hostname();
  }
}
