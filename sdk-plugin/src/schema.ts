import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { SoulboxError } from './errors.ts';
import type { ErrorCode } from './error-catalogue.ts';

/** Any Standard Schema that can also describe itself as JSON Schema (zod 4.2 and later, for one). */
export interface Schema<Output = unknown> {
  readonly '~standard': StandardSchemaV1.Props<unknown, Output> & StandardJSONSchemaV1.Props<unknown, Output>;
}
export type SchemaOutput<S> = S extends Schema<infer O> ? O : never;

/** One thing that is wrong with a value, and where: `path` is dotted, `''` for the value itself. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

function dotted(path: StandardSchemaV1.Issue['path']): string {
  return (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}

/**
 * Checks a value against a schema and returns the parsed value.
 * @throws SoulboxError with `code` (default `invalid_params`) and `details.problems: Problem[]`, all problems at once.
 */
export function parse<O>(schema: Schema<O>, value: unknown, code: ErrorCode = 'invalid_params'): O {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise)
    throw new SoulboxError('internal', 'schemas that validate asynchronously are not supported');
  if (!result.issues) return result.value;
  const problems = result.issues.map((issue) => ({ path: dotted(issue.path), message: issue.message }));
  const summary = problems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join('; ');
  throw new SoulboxError(code, summary, { details: { problems } });
}

/** The JSON Schema (draft 2020-12) of what a schema accepts. */
export function inputJsonSchema(schema: Schema): Record<string, unknown> {
  return schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
}

/** The JSON Schema (draft 2020-12) of what a schema yields. */
export function outputJsonSchema(schema: Schema): Record<string, unknown> {
  return schema['~standard'].jsonSchema.output({ target: 'draft-2020-12' });
}
