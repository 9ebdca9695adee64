/** What every container of ours is marked with, so that it is known again by whoever comes later. */
export const labelNames = {
  deployment: 'soulbox.deployment',
  /** The process that made it: {@link HostIdentity.label}. */
  owner: 'soulbox.owner',
  /** The boot of the machine that the process runs on. */
  machine: 'soulbox.machine',
  /** The driver in that process. */
  instance: 'soulbox.instance',
  /** Of a sandbox that stays: it may outlive whoever made it. */
  stays: 'soulbox.stays',
  /** When it is nobody's any more, whoever made it, in milliseconds since the epoch. */
  expires: 'soulbox.expires',
} as const;

/** Of images: the sha256 of the agent's program in them, in hexadecimal. */
export const agentLabel = 'soulbox.agent';
