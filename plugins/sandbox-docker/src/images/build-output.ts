import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { SoulboxError, z } from '@soulbox/plugin-sdk';
import { engineError } from '../engine-error.ts';
import { linesOf } from './lines.ts';

const longestLine = 200;
const keptLines = 20;

const MessageSchema = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  error: z.string().optional(),
  aux: z.object({ ID: z.string().optional() }).optional(),
});

/** How far a build is. */
export interface BuildProgress {
  /** From 1; `null` before the first. */
  readonly step: number | null;
  readonly steps: number | null;
  /** Of the steps, or of a download where one is under way. */
  readonly percent: number | null;
  /** The last line of output, without control characters and at most 200 characters long. */
  readonly text: string;
}

function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  const plain = stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f]+/g, ' ');
  return plain.trim().slice(0, longestLine);
}

/**
 * Reads what the engine says of a build to its end, and tells of each line that has something to say.
 * @returns the id of the image, `sha256:…`
 * @throws image_unavailable, with the last lines in `details.output`, where the build failed; as {@link engineError}.
 */
export async function readBuild(output: Readable, onProgress: (progress: BuildProgress) => void): Promise<string> {
  let step: number | null = null;
  let steps: number | null = null;
  let id: string | undefined;
  const last: string[] = [];
  for await (const line of linesOf(output)) {
    const message = parseMessage(line);
    if (message === undefined) continue;
    if (message.error !== undefined) throw failure(message.error, last);
    id = message.aux?.ID ?? id;
    const text = printable(message.stream ?? [message.id, message.status].filter(Boolean).join(' '));
    if (text === '') continue;
    const begun = /^Step (\d+)\/(\d+) : /.exec(text);
    if (begun) [step, steps] = [Number(begun[1]), Number(begun[2])];
    last.push(text);
    if (last.length > keptLines) last.shift();
    onProgress({ step, steps, percent: percentOf(message, step, steps), text });
  }
  if (id === undefined || !/^sha256:[0-9a-f]{64}$/.test(id))
    throw new SoulboxError('image_unavailable', 'the engine ended the build without an image', {
      details: { output: last },
    });
  return id;
}

function parseMessage(line: string): z.infer<typeof MessageSchema> | undefined {
  try {
    return MessageSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function percentOf(
  { progressDetail }: z.infer<typeof MessageSchema>,
  step: number | null,
  steps: number | null,
): number | null {
  const { current, total } = progressDetail ?? {};
  if (current !== undefined && total !== undefined && total > 0)
    return Math.min(100, Math.floor((100 * current) / total));
  return step === null || !steps ? null : Math.floor((100 * (step - 1)) / steps);
}

/** The engine's own trouble by its own code; what a command of the build said, as the build's. */
function failure(text: string, output: readonly string[]): SoulboxError {
  const known = engineError(Object.assign(new Error(text), { statusCode: 0 }), 'build the image');
  if (known.code !== 'sandbox_unavailable') return known;
  return new SoulboxError('image_unavailable', `the build failed: ${printable(text)}`, {
    details: {
      output: [...output],
      advice: ['Look at the output; a network or a mirror may be missing: images.network.'],
    },
  });
}
