import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isErrorCode, isSoulboxError, type ErrorCode, type OperationDescriptor } from '@soulbox/plugin-sdk';
import { testPrincipal, type TestHost } from '../testing/test-host.ts';
import { sharingPlugin, withPlugin, type StartedPlugin } from './started-plugin.ts';

/** Calls of one operation that are known to be right or wrong. */
export interface OperationExamples {
  /** Parameters that it accepts, by what they show; each is called, as one who may do everything. */
  readonly good?: Readonly<Record<string, unknown>>;
  /** Parameters that it refuses as `invalid_params`, by what is wrong with them. */
  readonly bad?: Readonly<Record<string, unknown>>;
  /** Parameters of calls that fail otherwise, by the code that they fail with. */
  readonly failing?: Readonly<Partial<Record<ErrorCode, unknown>>>;
}

/** Of an operation that works in a sandbox that stays, with these parameters beside `sandbox`: there is none. */
export function inNoSandbox(params: object): OperationExamples {
  return {
    bad: { 'no sandbox': params, 'a sandbox without a name': { sandbox: '', ...params } },
    failing: { not_found: { sandbox: 'sbnone', ...params } },
  };
}

export interface OperationSuiteOptions extends StartedPlugin {
  readonly name?: string;
  /** Every operation that it adds, by name. */
  readonly operations: Readonly<Record<string, OperationExamples>>;
}

/** Codes that any call may fail with, so that no operation lists them. */
const ofEveryCall = new Set<ErrorCode>(['invalid_params', 'unauthenticated', 'permission_denied', 'cancelled']);

/** Registers the tests that the operations of every plugin pass. */
export function operationSuite(options: OperationSuiteOptions): void {
  const { name = 'operations', plugin, operations } = options;
  const own = async (host: TestHost) =>
    (await host.api.operations()).filter((operation) => operation.plugin === plugin).map((operation) => operation.name);
  describe(`conformance: ${name}`, () => {
    test(
      'these operations are there and no others, until the plugin has stopped',
      withPlugin(options, async (host) => {
        assert.deepEqual((await own(host)).toSorted(), Object.keys(operations).toSorted());
        await host.stop();
        assert.deepEqual(await own(host), [], 'they outlive the plugin');
      }),
    );
    const shared = sharingPlugin(options);
    for (const [operation, examples] of Object.entries(operations)) {
      descriptionTests(shared, operation);
      refusalTests(shared, operation, examples);
      acceptanceTests(options, operation, examples);
    }
  });
}

async function find(host: TestHost, name: string): Promise<OperationDescriptor> {
  const found = (await host.api.operations()).find((operation) => operation.name === name);
  assert.ok(found, `there is no operation ${name}`);
  return found;
}

type Shared = ReturnType<typeof sharingPlugin>;

function descriptionTests(shared: Shared, name: string): void {
  test(
    `${name} says what it does, what it takes, who may call it and how it fails`,
    shared(async (host) => {
      const { summary, permission, params, result, errors } = await find(host, name);
      assert.match(summary, /^[A-Z].*\.$/s, 'the summary is not a sentence');
      assert.match(permission, /^[a-z][a-zA-Z]*:[a-z][a-zA-Z]*$/);
      assert.equal(params['type'], 'object', 'parameters are an object');
      assert.ok(Object.keys(result).length > 0, 'the result is described by nothing');
      assert.deepEqual(
        errors.filter((code) => !isErrorCode(code)),
        [],
        'codes that are not of the catalogue',
      );
      assert.equal(new Set(errors).size, errors.length, 'a code is listed twice');
    }),
  );
}

function refusalTests(shared: Shared, name: string, { good = {}, bad = {}, failing = {} }: OperationExamples): void {
  test(
    `${name} is closed to those without its permission`,
    shared(async (host) => {
      const principal = { ...testPrincipal, scopes: [] };
      for (const params of [...Object.values(good), {}])
        await assert.rejects(host.call(name, params, { principal }), { code: 'permission_denied' });
    }),
  );
  for (const [what, params] of Object.entries({ 'a parameter of nobody': { parameterOfNobody: 1 }, ...bad }))
    test(
      `${name} refuses ${what}`,
      shared(async (host) => {
        await assert.rejects(host.call(name, params), { code: 'invalid_params' });
      }),
    );
  for (const [code, params] of Object.entries(failing))
    test(
      `${name} fails with ${code}, which it lists`,
      shared(async (host) => {
        const { errors } = await find(host, name);
        await assert.rejects(host.call(name, params), (thrown) => {
          assert.ok(isSoulboxError(thrown));
          assert.equal(thrown.code, code, thrown.message);
          assert.ok(errors.includes(thrown.code) || ofEveryCall.has(thrown.code), `${code} is not listed`);
          return true;
        });
      }),
    );
}

function acceptanceTests(options: OperationSuiteOptions, name: string, { good = {} }: OperationExamples): void {
  for (const [what, params] of Object.entries(good))
    test(
      `${name} accepts ${what}`,
      withPlugin(options, async (host) => {
        const { effect } = await find(host, name);
        const first = await host.call(name, params);
        assert.notEqual(first, undefined);
        // What only reads answers the same; what writes may be repeated to the same end.
        if (effect === 'read') assert.deepEqual(await host.call(name, params), first);
        if (effect === 'write') await host.call(name, params);
      }),
    );
}
