import { defineOperation, NetworkPolicySchema, z, type PluginContext } from '@soulbox/plugin-sdk';
import { DecisionSchema } from './decisions.ts';
import type { Networks } from './networks.ts';
import type { SandboxNetwork } from './sandbox-network.ts';
import { SandboxParam } from './shapes.ts';

const owner = { kind: 'tenant', idParam: 'sandbox' } as const;

const SandboxNetworkSchema = z.object({
  sandbox: z.string(),
  network: NetworkPolicySchema,
  /** What others in its private network call it. */
  name: z.string().nullable(),
  /** That are open. */
  connections: z.number(),
  counts: z.object({ allowed: z.number(), refused: z.number(), failed: z.number() }),
  /** The newest, the oldest of them first; since the host started. */
  decisions: z.array(DecisionSchema),
});

const get = defineOperation({
  name: 'networks.get',
  summary: 'Tells what a sandbox may reach, and what it tried to.',
  params: z.strictObject({ sandbox: SandboxParam }),
  result: SandboxNetworkSchema,
  permission: 'networks:read',
  owner,
  effect: 'read',
  errors: ['not_found', 'unsupported'],
});

const update = defineOperation({
  name: 'networks.update',
  summary: 'Changes what a sandbox may reach, while it runs; connections that are not allowed any more are cut.',
  params: z.strictObject({ sandbox: SandboxParam, network: NetworkPolicySchema }),
  result: SandboxNetworkSchema,
  permission: 'networks:write',
  owner,
  effect: 'write',
  errors: ['not_found', 'unsupported', 'invalid_params', 'conflict', 'storage_failed'],
});

function shown(sandbox: string, { network, peerName, connections, decisions: { counts, kept } }: SandboxNetwork) {
  const name = network.private === undefined ? null : peerName;
  return { sandbox, network, name, connections, counts: { ...counts }, decisions: [...kept] };
}

export function addOperations(context: PluginContext, networks: Networks): void {
  context.operation(get, async ({ sandbox }, { principal }) =>
    shown(sandbox, await networks.find(sandbox, principal.tenant)),
  );
  context.operation(update, async ({ sandbox, network }, { principal }) =>
    shown(sandbox, await networks.change(sandbox, principal.tenant, network)),
  );
}
