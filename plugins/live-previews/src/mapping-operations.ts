import { defineOperation, inSandbox, z, type LiveSandboxes, type PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import type { Mappings } from './mappings.ts';
import { MappingSchema, owner, PortParam, sandboxErrors, SandboxParam, type MappingRecord } from './shapes.ts';

const map = defineOperation({
  name: 'ports.map',
  summary: 'Maps a TCP port of this machine to one of a sandbox; without a hostPort one is chosen that is free.',
  params: z.strictObject({ sandbox: SandboxParam, port: PortParam, hostPort: PortParam.optional() }),
  result: MappingSchema,
  permission: 'ports:create',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, 'conflict', 'config_invalid', 'limit_out_of_range', 'overloaded', 'storage_failed'],
});

const mapped = defineOperation({
  name: 'ports.mapped',
  summary: 'Lists the mapped ports of the caller, the oldest first.',
  params: z.strictObject({ sandbox: SandboxParam.optional() }),
  result: z.object({
    ports: z.array(
      MappingSchema.extend({
        /** Not where the port was taken by something else while the host was away. */
        listening: z.boolean(),
      }),
    ),
  }),
  permission: 'ports:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: [],
});

const unmap = defineOperation({
  name: 'ports.unmap',
  summary: 'Gives a mapped port up, and ends its connections.',
  params: z.strictObject({ sandbox: SandboxParam, port: PortParam }),
  result: z.object({}),
  permission: 'ports:create',
  owner,
  effect: 'write',
  errors: ['not_found', 'storage_failed'],
});

/** The operations with which plain TCP ports are had. */
export function addMappings(context: PluginContext<Config>, sandboxes: LiveSandboxes, mappings: Mappings): void {
  const { host } = context.config.mapped;
  const shown = ({ sandbox, port, hostPort, createdAt }: MappingRecord) => ({
    sandbox,
    port,
    host,
    hostPort,
    createdAt,
  });
  context.operation(map, ({ sandbox, port, hostPort }, call) =>
    inSandbox(sandboxes, sandbox, call, async () =>
      shown(await mappings.map(sandbox, call.principal.tenant, port, hostPort)),
    ),
  );
  context.operation(mapped, async ({ sandbox }, { principal }) => ({
    ports: mappings
      .of(principal.tenant, sandbox)
      .map((each) => ({ ...shown(each), listening: mappings.isListening(each.id) })),
  }));
  context.operation(unmap, async ({ sandbox, port }, { principal }) => {
    await mappings.unmap(sandbox, principal.tenant, port);
    return {};
  });
}
