import type { Logger } from 'pino';
import type { Principal } from './contracts/auth.ts';
import type { ErrorCode } from './error-catalogue.ts';
import type { Schema, SchemaOutput } from './schema.ts';

/** Who may see what an operation touches. `tenant`: only the tenant that owns the id in `idParam`. */
export type OwnerRule = { readonly kind: 'host' } | { readonly kind: 'tenant'; readonly idParam: string | null };

export interface OperationDefinition<P extends Schema = Schema, R extends Schema = Schema> {
  /** `group.verb`: `executions.create`. */
  readonly name: string;
  /** One sentence for the generated documents. */
  readonly summary: string;
  readonly params: P;
  readonly result: R;
  /** The schema of its events, where it streams. */
  readonly event?: Schema;
  /** `group:verb`; an operation without one is not accepted. */
  readonly permission: string;
  readonly owner: OwnerRule;
  /** `read` changes nothing; `write` may be repeated with the same end; `create` makes something new each time. */
  readonly effect: 'read' | 'write' | 'create';
  /** The codes, beyond those of every call, that it answers with. */
  readonly errors: readonly ErrorCode[];
}

/** What a handler knows of the call at hand. */
export interface OperationCall {
  readonly principal: Principal;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Sends one event of a streaming operation; resolves when there is room for the next. */
  emit(event: unknown): Promise<void>;
}

export type OperationHandler<P extends Schema, R extends Schema> = (
  params: SchemaOutput<P>,
  call: OperationCall,
) => Promise<SchemaOutput<R>>;

/** An operation as plain data: what documents, transports and tests are generated from. */
export interface OperationDescriptor extends Omit<OperationDefinition, 'params' | 'result' | 'event'> {
  /** JSON Schema, draft 2020-12. */
  readonly params: Record<string, unknown>;
  readonly result: Record<string, unknown>;
  readonly event: Record<string, unknown> | null;
  /** The plugin that added it, or `core`. */
  readonly plugin: string;
}

/** Declares an operation with its types. @throws TypeError for a malformed name or permission. */
export function defineOperation<P extends Schema, R extends Schema>(
  definition: OperationDefinition<P, R>,
): OperationDefinition<P, R> {
  if (!/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/.test(definition.name))
    throw new TypeError(`operation name "${definition.name}" is not of the form group.verb`);
  if (!/^[a-z][a-zA-Z]*:[a-z][a-zA-Z]*$/.test(definition.permission))
    throw new TypeError(
      `operation ${definition.name}: permission "${definition.permission}" is not of the form group:verb`,
    );
  return Object.freeze({ ...definition });
}
