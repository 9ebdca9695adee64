import {
  defineOperation,
  inSandbox,
  SoulboxError,
  z,
  type LiveSandboxes,
  type OpenSandbox,
  type PluginContext,
} from '@soulbox/plugin-sdk';
import type { Addresses } from './address.ts';
import type { Config } from './config.ts';
import type { Listener } from './listener.ts';
import type { Previews } from './previews.ts';
import {
  AccessSchema,
  owner,
  PortParam,
  PreviewSchema,
  sandboxErrors,
  SandboxParam,
  type PreviewRecord,
} from './shapes.ts';

const longestMs = 365 * 86_400_000;
// Those that nothing has by habit, and the kernel does not give to clients by itself.
const freePorts = { first: 20_000, count: 10_000 };

const list = defineOperation({
  name: 'ports.list',
  summary: 'Lists where programs of a sandbox listen.',
  params: z.strictObject({ sandbox: SandboxParam }),
  result: z.object({ ports: z.array(z.object({ port: z.number(), address: z.string() })) }),
  permission: 'ports:read',
  owner,
  effect: 'read',
  errors: [...sandboxErrors],
});

const expose = defineOperation({
  name: 'ports.expose',
  summary: 'Shows a port of a sandbox over HTTP and WebSocket; without a port one is chosen that is free in it.',
  params: z.strictObject({
    sandbox: SandboxParam,
    port: PortParam.optional(),
    /** `token` (default): whoever shows the token that the answer has. `public`: everybody. */
    access: AccessSchema.optional(),
    expiresInMs: z.int().min(1).max(longestMs).optional(),
  }),
  result: PreviewSchema.extend({
    /** Told only here; exposing the port once more gives another, and ends this one. */
    token: z.string().nullable(),
  }),
  permission: 'ports:create',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, 'permission_denied', 'overloaded', 'conflict', 'config_invalid', 'storage_failed'],
});

const exposed = defineOperation({
  name: 'ports.exposed',
  summary: 'Lists the previews of the caller, the oldest first.',
  params: z.strictObject({ sandbox: SandboxParam.optional() }),
  result: z.object({ previews: z.array(PreviewSchema) }),
  permission: 'ports:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: ['conflict', 'config_invalid'],
});

const hide = defineOperation({
  name: 'ports.hide',
  summary: 'Ends a preview, and the connections that it has.',
  params: z.strictObject({ sandbox: SandboxParam, port: PortParam }),
  result: z.object({}),
  permission: 'ports:create',
  owner,
  effect: 'write',
  errors: ['not_found', 'storage_failed'],
});

function shown(addresses: Addresses, { sandbox, port, access, createdAt, expiresAt }: PreviewRecord) {
  return { sandbox, port, access, ...addresses.of(port, sandbox), createdAt, expiresAt };
}

/** @throws overloaded */
async function chooseFree({ agent, info }: OpenSandbox, previews: Previews): Promise<number> {
  const taken = new Set([
    ...(await agent.ports()).map(({ port }) => port),
    ...previews.of(info.tenant, info.id).map(({ port }) => port),
  ]);
  const start = Math.floor(Math.random() * freePorts.count);
  for (let step = 0; step < freePorts.count; step += 1) {
    const port = freePorts.first + ((start + step) % freePorts.count);
    if (!taken.has(port)) return port;
  }
  throw new SoulboxError('overloaded', 'no port is free', { details: { retryAfterMs: 10_000 } });
}

/** The operations with which previews are had. */
export function addPreviews(
  context: PluginContext<Config>,
  sandboxes: LiveSandboxes,
  previews: Previews,
  listener: Listener,
): void {
  context.operation(list, ({ sandbox }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => ({ ports: [...(await agent.ports())] })),
  );
  context.operation(expose, ({ sandbox, port, access = 'token', expiresInMs }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) => {
      const addresses = await listener.open();
      const chosen = port ?? (await chooseFree(open, previews));
      const { record, token } = await previews.show(sandbox, call.principal.tenant, {
        port: chosen,
        access,
        expiresInMs,
      });
      return { ...shown(addresses, record), token };
    }),
  );
  context.operation(exposed, async ({ sandbox }, { principal }) => {
    const all = previews.of(principal.tenant, sandbox);
    if (all.length === 0) return { previews: [] };
    const addresses = await listener.open();
    return { previews: all.map((each) => shown(addresses, each)) };
  });
  context.operation(hide, async ({ sandbox, port }, { principal }) => {
    await previews.hide(sandbox, principal.tenant, port);
    return {};
  });
}
