import {
  inputJsonSchema,
  outputJsonSchema,
  parse,
  SoulboxError,
  z,
  type Api,
  type CallOptions,
  type Credentials,
  type ErrorCode,
  type OperationDescriptor,
  type Principal,
  type Schema,
  type StreamItem,
} from '@soulbox/plugin-sdk';

interface SuiteOperation {
  readonly summary: string;
  readonly params: Schema;
  readonly event?: Schema;
  run(params: never, options: CallOptions): AsyncIterable<StreamItem>;
}

export const suiteKey = 'the-key-of-the-suite';
export const suitePrincipal: Principal = Object.freeze({ id: 'caller', tenant: 'suite', roles: [], scopes: ['*'] });

const Nothing = z.strictObject({});

/** An `Api` with a few operations that show how a transport treats calls, and that tests can look into. */
export class SuiteApi implements Api {
  /** The operations that were called, and those whose signal was aborted. */
  readonly called: string[] = [];
  readonly aborted: string[] = [];
  /** Events that `suite.count` was asked for. */
  produced = 0;
  private releaseAll: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => (this.releaseAll = resolve));
  private readonly waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  private readonly catalogue: Readonly<Record<string, SuiteOperation>> = {
    'suite.echo': {
      summary: 'Answers with what it got and who asked.',
      params: z.strictObject({ value: z.json() }),
      run: async function* ({ value }: { value: unknown }, { principal }) {
        yield { result: { value, principal } };
      },
    },
    'suite.fail': {
      summary: 'Fails with the code given.',
      params: z.strictObject({ code: z.string() }),
      // eslint-disable-next-line require-yield
      run: async function* ({ code }: { code: ErrorCode }) {
        throw new SoulboxError(code, `failed with ${code}`, { details: { field: 'code' } });
      },
    },
    'suite.wait': {
      summary: 'Answers when it is released, and fails when it is cancelled.',
      params: Nothing,
      run: (_params: never, options) => this.wait(options, []),
    },
    'suite.count': {
      summary: 'Sends numbered events, padded to a size, and fails after the last if asked to.',
      params: z.strictObject({
        to: z.int().min(0),
        padding: z.int().min(0).optional(),
        fail: z.boolean().optional(),
      }),
      event: z.object({ n: z.int(), padding: z.string() }),
      run: (params: { to: number; padding?: number; fail?: boolean }) => this.count(params),
    },
    'suite.waitStreaming': {
      summary: 'Sends one event, then waits as suite.wait does.',
      params: Nothing,
      event: z.object({ n: z.int() }),
      run: (_params: never, options) => this.wait(options, [{ n: 1 }]),
    },
  };

  async operations(): Promise<readonly OperationDescriptor[]> {
    return Object.entries(this.catalogue).map(([name, { summary, params, event }]) => ({
      name,
      summary,
      params: inputJsonSchema(params),
      result: {},
      event: event ? outputJsonSchema(event) : null,
      permission: 'suite:use',
      owner: { kind: 'host' },
      effect: 'read',
      errors: ['conflict'],
      plugin: 'suite',
    }));
  }

  async authenticate({ scheme, value }: Credentials): Promise<Principal> {
    if (scheme === 'bearer' && value === suiteKey) return suitePrincipal;
    throw new SoulboxError('unauthenticated', 'these credentials are not valid');
  }

  async call(operation: string, params: unknown, options: CallOptions): Promise<unknown> {
    let result: unknown;
    for await (const item of this.stream(operation, params, options)) if ('result' in item) result = item.result;
    return result;
  }

  async *stream(operation: string, params: unknown, options: CallOptions): AsyncIterable<StreamItem> {
    const found = Object.hasOwn(this.catalogue, operation) ? this.catalogue[operation] : undefined;
    if (!found) throw new SoulboxError('unknown_operation', `there is no operation "${operation}"`);
    const parsed = parse(found.params, params) as never;
    this.called.push(operation);
    for (const { count, resolve } of this.waiters) if (this.called.length >= count) resolve();
    yield* found.run(parsed, options);
  }

  /** Resolves when so many calls have come in. */
  calls(count: number): Promise<void> {
    if (this.called.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ count, resolve }));
  }

  /** Lets every `suite.wait` answer. */
  release(): void {
    this.releaseAll();
  }

  private async *wait({ signal }: CallOptions, events: readonly unknown[]): AsyncIterable<StreamItem> {
    for (const event of events) yield { event };
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        this.aborted.push('suite.wait');
        reject(new SoulboxError('cancelled', 'the caller cancelled it'));
      });
    });
    await Promise.race([this.released, aborted]);
    yield { result: 'released' };
  }

  private async *count(params: { to: number; padding?: number; fail?: boolean }): AsyncIterable<StreamItem> {
    const padding = 'x'.repeat(params.padding ?? 0);
    for (let n = 1; n <= params.to; n++) {
      this.produced++;
      yield { event: { n, padding } };
    }
    if (params.fail) throw new SoulboxError('conflict', 'failed after the last event');
    yield { result: { to: params.to } };
  }
}
