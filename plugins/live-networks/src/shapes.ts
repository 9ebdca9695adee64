import { NetworkPolicySchema, z } from '@soulbox/plugin-sdk';

export const SandboxParam = z.string().min(1).max(64);

/** As the store has it; its id is that of the sandbox. */
export const NetworkRecord = z.object({
  tenant: z.string(),
  sandbox: z.string(),
  network: NetworkPolicySchema,
  /** The names whose addresses it was told, in the order of those. */
  names: z.array(z.string()),
  createdAt: z.string(),
});
export type NetworkRecord = z.infer<typeof NetworkRecord> & { readonly id: string };

/** What every sandbox in a private network is called there ends so. */
const peerSuffix = '.sandbox';

/** Its name in its private network. */
export const peerName = ({ network, sandbox }: Pick<NetworkRecord, 'network' | 'sandbox'>): string =>
  `${(network.name ?? sandbox).toLowerCase()}${peerSuffix}`;

export const isPeerName = (name: string): boolean => name.endsWith(peerSuffix);
