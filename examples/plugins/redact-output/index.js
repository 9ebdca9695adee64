import { definePlugin, z } from '@soulbox/plugin-sdk';
import { compile, Redactor } from './redactor.js';

const literal = z.string().min(4).max(128);
const shape = z
  .string()
  .min(4)
  .max(128)
  .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
  .regex(/[^#*]{3}/, 'must hold three characters in a row that stand for themselves');

/** Hides configured secrets, and whatever looks like one, in all that programs print. */
export default definePlugin({
  id: 'redact-output',
  config: z
    .strictObject({
      secrets: z.array(literal).max(32).default([]),
      shapes: z.array(shape).max(32).default([]),
      replacement: z.string().max(64).default('[redacted]'),
    })
    .refine(({ secrets, shapes }) => secrets.length + shapes.length > 0, 'name at least one of secrets or shapes'),
  setup({ config, hooks }) {
    const patterns = compile(config.secrets, config.shapes);
    const replacement = Buffer.from(config.replacement);
    /** The streams of running executions. @type {Map<string, Redactor>} */
    const streams = new Map();

    hooks.tap('execution.output', (data, { id, stream, last }) => {
      const key = `${stream} ${id}`;
      const redactor = streams.get(key) ?? new Redactor(patterns, replacement);
      streams.set(key, redactor);
      return redactor.push(data, last);
    });
    // Compilers' messages and answers from a cache are not output of a running program, and have not been seen yet.
    hooks.tap('execution.after', (result) => {
      /** @param {'stdout' | 'stderr'} stream */
      const redacted = (stream) => {
        const encoding = result.encoding[stream];
        const bytes = Buffer.from(result[stream], encoding);
        return new Redactor(patterns, replacement).push(bytes, true).toString(encoding);
      };
      return { ...result, stdout: redacted('stdout'), stderr: redacted('stderr') };
    });
    hooks.tap('execution.settled', ({ request }) => {
      for (const stream of ['stdout', 'stderr']) streams.delete(`${stream} ${request.id}`);
    });
  },
});
