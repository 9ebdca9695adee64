import { SoulboxError, type ErrorCode, type z } from '@soulbox/plugin-sdk';

/** Makes sure that what a plugin handed over has a shape. @throws SoulboxError with `code`, about `what` and all that is wrong. */
export function assertShape(schema: z.ZodType, value: unknown, code: ErrorCode, what: string): void {
  const { error } = schema.safeParse(value);
  if (!error) return;
  const why = error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')).join('; ');
  throw new SoulboxError(code, `${what}: ${why}`);
}
