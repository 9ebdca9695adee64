import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PrincipalSchema, type AuthProvider, type Credentials, type Principal } from '@soulbox/plugin-sdk';
import { withResource } from './with-resource.ts';

/** A provider for one test, with one credential that it accepts. */
export interface AuthProviderFixture {
  readonly provider: AuthProvider;
  readonly valid: Credentials;
  /** Whom `valid` stands for. */
  readonly principal: Omit<Principal, 'id'>;
  /** Credentials that look right and are not, by what is wrong with them: expired, revoked, signed by another. */
  readonly invalid: Readonly<Record<string, Credentials>>;
  /** Takes `valid` back; absent where that cannot be done. */
  readonly revoke?: () => Promise<void>;
  /** Makes whatever the provider relies on fail from now on; absent where it relies on nothing. */
  readonly breakBackend?: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export interface AuthProviderSuiteOptions {
  readonly name?: string;
  readonly create: () => Promise<AuthProviderFixture>;
  /** Providers that know no credential yet and share what they know, as two hosts do; where `bootstrap` exists. */
  readonly createEmpty?: () => Promise<{
    readonly providers: readonly [AuthProvider, AuthProvider];
    readonly dispose: () => Promise<void>;
  }>;
}

const repeats = 10;
const { signal } = new AbortController();

/** Registers the tests that every implementation of AuthProvider passes. */
export function authProviderSuite({ name = 'AuthProvider', create, createEmpty }: AuthProviderSuiteOptions): void {
  describe(`conformance: ${name}`, () => {
    acceptanceTests(create);
    refusalTests(create);
    bootstrapTests(create, createEmpty);
  });
}

function acceptanceTests(create: AuthProviderSuiteOptions['create']): void {
  test(
    'its schemes are in lower case, and one of them is that of its credentials',
    withResource(create, async ({ provider, valid }) => {
      const { schemes } = await provider.describe();
      assert.ok(schemes.includes(valid.scheme));
      for (const scheme of schemes) assert.match(scheme, /^[a-z][a-z0-9-]*$/);
    }),
  );
  test(
    'a valid credential stands for the same principal every time, wherever it comes from',
    withResource(create, async ({ provider, valid, principal }) => {
      const first = await provider.verify(valid, { signal });
      assert.deepEqual({ ...first, id: undefined }, { ...principal, id: undefined });
      PrincipalSchema.parse(first);
      const remotes = Array.from({ length: repeats }, (_, n) => (n % 2 === 0 ? null : `10.0.0.${n}`));
      const all = await Promise.all(remotes.map((remote) => provider.verify({ ...valid, remote }, { signal })));
      for (const one of all) assert.deepEqual(one, first);
    }),
  );
  test(
    'what the host does with a principal does not change the next one',
    withResource(create, async ({ provider, valid, principal }) => {
      const first = (await provider.verify(valid, { signal }))!;
      try {
        (first.scopes as string[]).push('*:*');
        (first as { tenant: string }).tenant = 'other';
      } catch (thrown) {
        assert.ok(thrown instanceof TypeError, 'only because it is frozen');
      }
      const second = (await provider.verify(valid, { signal }))!;
      assert.deepEqual([second.tenant, second.scopes], [principal.tenant, principal.scopes]);
    }),
  );
}

/** Credentials that no provider accepts, made from one that it does. */
function malformed({ scheme, value, remote }: Credentials): Credentials[] {
  const middle = Math.floor(value.length / 2);
  const values = [
    '',
    ' ',
    '\0',
    '__proto__',
    'constructor',
    'null',
    '{}',
    "' OR 1=1 --",
    '../../etc/passwd',
    'é😀\u202e',
    'x'.repeat(10_240),
    value.repeat(200),
    `${value}\0`,
    `\0${value}`,
    `${value}x`,
    `${value}\n`,
    ` ${value}`,
    value.slice(0, -1),
    value.slice(1),
    value.slice(0, middle),
    `${value.slice(0, middle)}\0${value.slice(middle + 1)}`,
    `${value.slice(0, middle)}é${value.slice(middle + 1)}`,
  ];
  return [...values.map((wrong) => ({ scheme, value: wrong, remote })), { scheme: 'x-unknown', value, remote }];
}

function refusalTests(create: AuthProviderSuiteOptions['create']): void {
  test(
    'malformed credentials are not its own, however often they are tried',
    withResource(create, async ({ provider, valid }) => {
      for (const credentials of malformed(valid)) {
        for (let i = 0; i < repeats; i++)
          assert.equal(
            await provider.verify(credentials, { signal }),
            undefined,
            JSON.stringify(credentials).slice(0, 200),
          );
      }
      assert.ok(await provider.verify(valid, { signal }));
    }),
  );
  test(
    'credentials that look right are refused',
    withResource(create, async ({ provider, invalid }) => {
      assert.ok(Object.keys(invalid).length > 0, 'the suite was given nothing to try');
      for (const [why, credentials] of Object.entries(invalid)) {
        for (let i = 0; i < repeats; i++) assert.equal(await provider.verify(credentials, { signal }), undefined, why);
      }
    }),
  );
  test('a credential that was taken back is refused at once', async (t) => {
    await withResource(create, async ({ provider, valid, revoke }) => {
      if (!revoke) return t.skip('cannot be taken back');
      for (let i = 0; i < repeats; i++) assert.ok(await provider.verify(valid, { signal }));
      await revoke();
      for (let i = 0; i < repeats; i++) assert.equal(await provider.verify(valid, { signal }), undefined);
    })();
  });
  test('where it cannot tell, it fails instead of letting in or abstaining', async (t) => {
    await withResource(create, async ({ provider, valid, breakBackend }) => {
      if (!breakBackend) return t.skip('relies on nothing that can fail');
      await breakBackend();
      for (let i = 0; i < repeats; i++) await assert.rejects(provider.verify(valid, { signal }));
    })();
  });
  test(
    'a call that is aborted lets nobody in',
    withResource(create, async ({ provider, valid }) => {
      await assert.rejects(provider.verify(valid, { signal: AbortSignal.abort() }));
    }),
  );
}

function bootstrapTests(
  create: AuthProviderSuiteOptions['create'],
  createEmpty: AuthProviderSuiteOptions['createEmpty'],
): void {
  test('where there is a credential already, no first one is made', async (t) => {
    await withResource(create, async ({ provider }) => {
      if (!provider.bootstrap) return t.skip('makes no first credential');
      for (let i = 0; i < repeats; i++) assert.equal(await provider.bootstrap(), undefined);
    })();
  });
  test('of two hosts that start together one makes the first credential, which both accept', async (t) => {
    if (!createEmpty) return t.skip('makes no first credential');
    await withResource(createEmpty, async ({ providers }) => {
      const tries = [...providers, ...providers].map(async (one) => one.bootstrap?.());
      const made = (await Promise.all(tries)).filter((one) => one !== undefined);
      assert.equal(made.length, 1);
      const [{ label, secret } = assert.fail()] = made;
      assert.ok(label.length > 0);
      for (const provider of providers) {
        const [scheme = ''] = (await provider.describe()).schemes;
        const principal = await provider.verify({ scheme, value: secret, remote: null }, { signal });
        assert.deepEqual(principal?.scopes, ['*']);
        assert.equal(await provider.bootstrap?.(), undefined);
      }
    })();
  });
}
