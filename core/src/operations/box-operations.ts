import { defineOperation, isSoulboxError, SoulboxError, z, type BoxStats } from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import type { TenantBox } from '../sandboxes/pool.ts';
import type { OperationCatalogue } from './catalogue.ts';
import { StatsSchema, streamParams, tellUse } from './usage.ts';

/** What knows the boxes that tenants have. */
export interface TenantBoxes {
  boxesOf(tenant: string): readonly TenantBox[];
}

/** How long a driver may take to tell what a box uses. */
const statsMs = 10_000;

const SandboxIdSchema = z.string().min(1).max(128);
const UsageSchema = z.object({
  sandboxes: z.array(
    z.object({
      id: z.string(),
      driver: z.string(),
      ...StatsSchema.shape,
      executions: z.array(z.object({ id: z.string(), ...StatsSchema.shape })),
    }),
  ),
});
type Usage = z.infer<typeof UsageSchema>;

const list = defineOperation({
  name: 'boxes.list',
  summary: 'Lists the boxes that executions of the tenant run in, in use or kept ready for it.',
  params: z.strictObject({}),
  result: z.object({
    sandboxes: z.array(
      z.object({
        id: z.string(),
        driver: z.string(),
        createdAt: z.string(),
        /** Executions in it now. */
        executions: z.int(),
        /** What it was made of, where that was an image. */
        image: z.object({ reference: z.string(), digest: z.string() }).nullable(),
      }),
    ),
  }),
  permission: 'boxes:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: [],
});

const stats = defineOperation({
  name: 'boxes.stats',
  summary: 'Tells what the boxes of executions use; with stream, again and again until the caller leaves.',
  params: z.strictObject({
    /** One sandbox; without it all that the tenant has. */
    id: SandboxIdSchema.optional(),
    ...streamParams,
  }),
  result: UsageSchema,
  event: UsageSchema,
  permission: 'boxes:read',
  owner: { kind: 'tenant', idParam: 'id' },
  effect: 'read',
  errors: ['not_found', 'unsupported', 'plugin_timeout'],
});

const nothingKnown: Omit<z.infer<typeof StatsSchema>, 'at'> = {
  cpuMs: null,
  memoryBytes: null,
  peakMemoryBytes: null,
  processes: null,
  readBytes: null,
  writtenBytes: null,
};

/** @throws unsupported, and what the driver throws. */
async function statsOf({ info, chosen }: TenantBox): Promise<BoxStats> {
  const { driver, name, report } = chosen;
  if (!driver.stats || !report.capabilities.includes('stats'))
    throw new SoulboxError('unsupported', `driver ${name} does not tell what its sandboxes use (capability "stats")`);
  const late = () => new SoulboxError('plugin_timeout', `driver ${name} did not answer within ${statsMs} ms`);
  return withDeadline(driver.stats(info.id), statsMs, late);
}

/** What one box uses; `undefined` when it is no longer there. */
async function usageOf(box: TenantBox, mustKnow: boolean): Promise<Usage['sandboxes'][number] | undefined> {
  const about = { id: box.info.id, driver: box.chosen.name };
  try {
    const { box: whole, runs } = await statsOf(box);
    const executions = Object.entries(runs).map(([id, run]) => ({ id, ...run }));
    return { ...about, ...whole, executions };
  } catch (thrown) {
    if (!isSoulboxError(thrown)) throw thrown;
    if (thrown.code === 'not_found' || thrown.code === 'sandbox_lost') return undefined;
    if (thrown.code !== 'unsupported' || mustKnow) throw thrown;
    return { ...about, at: Date.now(), ...nothingKnown, executions: [] };
  }
}

/** What the tenant's boxes, or the one with an id, use now. @throws not_found, unsupported, plugin_timeout */
async function lookAt(boxes: TenantBoxes, tenant: string, id: string | undefined): Promise<Usage> {
  const wanted = boxes.boxesOf(tenant).filter((box) => id === undefined || box.info.id === id);
  const usages = await Promise.all(wanted.map((box) => usageOf(box, id !== undefined)));
  const sandboxes = usages.filter((usage) => usage !== undefined);
  if (id !== undefined && sandboxes.length === 0) throw new SoulboxError('not_found', 'there is no such sandbox');
  return { sandboxes };
}

export const boxOperations = [list, stats] as const;

export function addBoxOperations(catalogue: OperationCatalogue, boxes: TenantBoxes): void {
  catalogue.add('core', list, async (_, { principal }) => ({
    sandboxes: boxes.boxesOf(principal.tenant).map(({ info, chosen, leases }) => ({
      id: info.id,
      driver: chosen.name,
      createdAt: info.createdAt,
      executions: leases,
      image: info.image ?? null,
    })),
  }));
  catalogue.add('core', stats, ({ id, ...often }, call) =>
    tellUse(() => lookAt(boxes, call.principal.tenant, id), often, call),
  );
}
