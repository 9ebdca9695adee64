import {
  inputJsonSchema,
  isSoulboxError,
  outputJsonSchema,
  parse,
  SoulboxError,
  type OperationCall,
  type OperationDefinition,
  type OperationDescriptor,
  type OperationHandler,
  type Schema,
} from '@soulbox/plugin-sdk';
import { CallMeter } from '../measure/call-meter.ts';

interface Entry {
  readonly definition: OperationDefinition;
  readonly handler: (params: unknown, call: OperationCall) => Promise<unknown>;
  readonly owner: string;
  /** Of the operations of plugins. */
  readonly meter: CallMeter | undefined;
}

async function measured(meter: CallMeter, run: () => Promise<unknown>): Promise<unknown> {
  const begun = performance.now();
  meter.calls += 1;
  try {
    return await run();
  } catch (thrown) {
    if (!isSoulboxError(thrown) || thrown.entry.http >= 500) meter.errors += 1;
    throw thrown;
  } finally {
    meter.record(performance.now() - begun);
  }
}

/** Every public operation, declared once. Transports, command line and documents are projections of it. */
export class OperationCatalogue {
  private readonly entries = new Map<string, Entry>();

  /** @throws plugin_failed when the operation exists already. */
  add<P extends Schema, R extends Schema>(
    owner: string,
    definition: OperationDefinition<P, R>,
    handler: OperationHandler<P, R>,
  ): Disposable {
    const { name } = definition;
    const present = this.entries.get(name);
    if (present)
      throw new SoulboxError('plugin_failed', `operation ${name} is added by ${present.owner} and by ${owner}`);
    // Parameters reach a handler only through its own schema, which is what makes this narrowing true.
    const meter = owner === 'core' ? undefined : new CallMeter();
    this.entries.set(name, { definition, handler: handler as unknown as Entry['handler'], owner, meter });
    return { [Symbol.dispose]: () => void this.entries.delete(name) };
  }

  /** @throws unknown_operation */
  find(name: string): OperationDefinition {
    return this.entry(name).definition;
  }

  /** The plugin that added it, or `core`. @throws unknown_operation */
  owner(name: string): string {
    return this.entry(name).owner;
  }

  /** @throws unknown_operation, invalid_params, and what the handler throws. */
  async run(name: string, params: unknown, call: OperationCall): Promise<unknown> {
    const { definition, handler, meter } = this.entry(name);
    const given = parse(definition.params, params ?? {});
    return meter ? measured(meter, () => handler(given, call)) : handler(given, call);
  }

  /** What measures the operations of one plugin. */
  meters(owner: string): readonly { readonly operation: string; readonly meter: CallMeter }[] {
    return [...this.entries.values()].flatMap(({ definition, owner: whose, meter }) =>
      meter && whose === owner ? [{ operation: definition.name, meter }] : [],
    );
  }

  private entry(name: string): Entry {
    const found = this.entries.get(name);
    if (!found) throw new SoulboxError('unknown_operation', `there is no operation "${name.slice(0, 100)}"`);
    return found;
  }

  /** All operations as plain data, by name. */
  describe(): OperationDescriptor[] {
    const described = [...this.entries.values()].map(({ definition, owner }) => ({
      ...definition,
      params: inputJsonSchema(definition.params),
      result: outputJsonSchema(definition.result),
      event: definition.event ? outputJsonSchema(definition.event) : null,
      plugin: owner,
    }));
    return described.toSorted((a, b) => a.name.localeCompare(b.name));
  }
}
