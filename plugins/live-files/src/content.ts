import {
  defineOperation,
  fromWireText,
  inSandbox,
  once,
  SoulboxError,
  toWireText,
  z,
  type LiveSandboxes,
  type PluginContext,
} from '@soulbox/plugin-sdk';
import { archiveFormats, packed } from './archive.ts';
import type { Config } from './config.ts';
import {
  EncodingSchema,
  EntrySchema,
  ModeParam,
  owner,
  PathParam,
  pathErrors,
  present,
  SandboxParam,
  shown,
  writeErrors,
} from './shapes.ts';

const part = { offset: z.int().min(0).optional(), length: z.int().min(0).optional() };

const read = defineOperation({
  name: 'files.read',
  summary: 'Answers with a file of a sandbox, or a part of it; base64 where it is no UTF-8, or that is asked for.',
  params: z.strictObject({ sandbox: SandboxParam, path: PathParam, ...part, encoding: EncodingSchema.optional() }),
  result: z.object({ content: z.string(), encoding: EncodingSchema }),
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: [...pathErrors, 'payload_too_large'],
});

const PieceSchema = z.object({ offset: z.number(), content: z.string(), encoding: EncodingSchema });

const download = defineOperation({
  name: 'files.download',
  summary: 'Tells a file of any size piece by piece, in base64, no faster than the caller takes it.',
  params: z.strictObject({ sandbox: SandboxParam, path: PathParam, ...part }),
  result: z.object({ bytes: z.number() }),
  event: PieceSchema,
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: pathErrors,
});

const pack = defineOperation({
  name: 'files.pack',
  summary:
    'Tells an archive of files and folders piece by piece, in base64; names begin with the last part of each path.',
  params: z.strictObject({
    sandbox: SandboxParam,
    paths: z.array(PathParam).min(1).max(1_000),
    /** Default: `tar`. */
    format: z.enum(archiveFormats).optional(),
  }),
  result: z.object({ bytes: z.number() }),
  event: PieceSchema,
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: pathErrors,
});

const contentShape = {
  path: PathParam,
  content: z.string(),
  encoding: EncodingSchema.optional(),
  mode: ModeParam.optional(),
};
const howShape = {
  append: z.boolean().optional(),
  /** Refused as path_exists where there is something already. */
  exclusive: z.boolean().optional(),
  /** Whether folders above it are made. Default: yes. */
  parents: z.boolean().optional(),
};

const write = defineOperation({
  name: 'files.write',
  summary: 'Writes a file: whole or not at all, unless it appends.',
  params: z.strictObject({ sandbox: SandboxParam, ...contentShape, ...howShape }),
  result: EntrySchema,
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: writeErrors,
});

const writeMany = defineOperation({
  name: 'files.writeMany',
  summary: 'Writes files, each whole or not at all, in the order given; ends with the first that fails.',
  params: z.strictObject({
    sandbox: SandboxParam,
    files: z.array(z.strictObject(contentShape)).min(1).max(1_000),
  }),
  result: z.object({ entries: z.array(EntrySchema) }),
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: writeErrors,
});

export function addContent(context: PluginContext<Config>, sandboxes: LiveSandboxes): void {
  const { readBytes } = context.config;
  context.operation(read, ({ sandbox, path, offset, length, encoding }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      // One more than is allowed tells that there is more.
      const options = { ...present({ offset }), length: Math.min(length ?? Infinity, readBytes + 1) };
      for await (const piece of agent.read(path, { ...options, signal: call.signal })) {
        bytes += piece.length;
        if (bytes > readBytes)
          throw new SoulboxError('payload_too_large', `more than ${readBytes} bytes: use files.download`, {
            details: { maximumBytes: readBytes },
          });
        pieces.push(piece);
      }
      const whole = Buffer.concat(pieces);
      if (encoding === 'base64') return { content: whole.toString('base64'), encoding };
      const { text, encoding: used } = toWireText(whole);
      return { content: text, encoding: used };
    }),
  );
  context.operation(download, ({ sandbox, path, offset: first = 0, length }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      let offset = first;
      for await (const piece of agent.read(path, { offset, ...present({ length }), signal: call.signal })) {
        await call.emit({ offset, content: Buffer.from(piece).toString('base64'), encoding: 'base64' });
        offset += piece.length;
      }
      return { bytes: offset - first };
    }),
  );
  context.operation(pack, ({ sandbox, paths, format = 'tar' }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      let offset = 0;
      for await (const piece of packed(agent.pack(paths, { signal: call.signal }), format)) {
        await call.emit({ offset, content: Buffer.from(piece).toString('base64'), encoding: 'base64' });
        offset += piece.length;
      }
      return { bytes: offset };
    }),
  );
  context.operation(write, ({ sandbox, path, content, encoding, mode, append, exclusive, parents = true }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const bytes = fromWireText(content, encoding, 'content');
      const options = { ...present({ mode, append, exclusive }), parents, atomic: append !== true };
      return shown(await agent.write(path, once(bytes), { ...options, signal: call.signal }));
    }),
  );
  context.operation(writeMany, ({ sandbox, files }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const contents = files.map((file, index) => fromWireText(file.content, file.encoding, `files.${index}.content`));
      const entries: z.infer<typeof EntrySchema>[] = [];
      for (const [index, { path, mode }] of files.entries()) {
        const options = { ...present({ mode }), parents: true, atomic: true, signal: call.signal };
        entries.push(shown(await agent.write(path, once(contents[index]!), options)));
      }
      return { entries };
    }),
  );
}
