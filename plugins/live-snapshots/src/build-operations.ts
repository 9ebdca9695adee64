import { defineOperation, NetworkPolicySchema, SoulboxError, z, type PluginContext } from '@soulbox/plugin-sdk';
import type { Builds } from './builds.ts';
import type { Config } from './config.ts';
import { keepErrors, MetadataParam, NameParam, shown, SnapshotSchema } from './shapes.ts';

const mostFiles = 1_000;

const build = defineOperation({
  name: 'templates.build',
  summary:
    'Makes a template as a recipe says, and tells how it goes; it takes the place of an earlier one of that name.',
  params: z.strictObject({
    name: NameParam,
    /** As a Dockerfile is written: FROM a template, RUN, COPY, ENV and WORKDIR. */
    recipe: z.string().min(1).max(200_000),
    /** What COPY copies, by path. */
    files: z
      .record(
        z.string().min(1).max(1_000),
        z.strictObject({ content: z.string(), encoding: z.enum(['utf8', 'base64']).optional() }),
      )
      .refine((files) => Object.keys(files).length <= mostFiles, `at most ${mostFiles} files`)
      .optional(),
    /** Of the sandbox that it is built in, as of any other. */
    languages: z.array(z.string().min(1).max(64)).max(32).optional(),
    image: z.string().min(1).max(512).optional(),
    limits: z
      .strictObject({
        memoryBytes: z.int().min(1).optional(),
        diskBytes: z.int().min(1).optional(),
        processes: z.int().min(1).optional(),
      })
      .optional(),
    network: NetworkPolicySchema.optional(),
    metadata: MetadataParam.optional(),
    /** Whether steps that were done before need not be done again. Default: true. */
    cache: z.boolean().optional(),
  }),
  result: SnapshotSchema.extend({
    /** How many steps were not done again. */
    cachedSteps: z.number(),
  }),
  event: z.discriminatedUnion('type', [
    z.object({ type: z.literal('step'), step: z.number(), of: z.number(), text: z.string(), cached: z.boolean() }),
    z.object({ type: z.literal('output'), step: z.number(), stream: z.enum(['stdout', 'stderr']), text: z.string() }),
  ]),
  permission: 'snapshots:create',
  owner: { kind: 'tenant', idParam: null },
  effect: 'create',
  errors: [
    ...['template_failed', 'not_found', 'unsupported', 'language_unknown', 'language_unavailable'],
    ...[
      'limit_out_of_range',
      'sandbox_unavailable',
      'image_unavailable',
      'sandbox_lost',
      'draining',
      'disk_full',
      'path_denied',
    ],
    ...keepErrors,
  ] as const,
});

export function addBuilds(context: PluginContext<Config>, builds: Builds): void {
  context.operation(
    build,
    async ({ files = {}, languages, image, limits, network, metadata, cache = true, ...rest }, call) => {
      const contents = Object.entries(files).map(([path, { content, encoding = 'utf8' }]) => {
        const bytes = Buffer.from(content, encoding);
        if (encoding === 'base64' && bytes.toString('base64').replace(/=+$/, '') !== content.replace(/=+$/, ''))
          throw new SoulboxError('invalid_params', `files: "${path}" is no base64`, { details: { field: 'files' } });
        return [path.replace(/^\.?\/+/, ''), bytes] as const;
      });
      const given = Object.fromEntries(
        Object.entries({ languages, image, limits, network, metadata }).filter(([, value]) => value !== undefined),
      );
      const { record, cached } = await builds.build({ ...rest, ...given, files: new Map(contents), cache }, call);
      return { ...shown(record), cachedSteps: cached };
    },
  );
}
