import type { AuthProvider, Credentials } from '@soulbox/plugin-sdk';
import { authProviderSuite } from '@soulbox/plugin-sdk/conformance';

/** The accepted values, as a service that can fail and forget would keep them. */
class Secrets {
  readonly values = new Set<string>();
  broken = false;
}

const principal = { tenant: 'acme', roles: [], scopes: ['*'] };

function providerOf(secrets: Secrets): AuthProvider {
  return {
    describe: async () => ({ schemes: ['bearer'] }),
    verify: async ({ scheme, value }, { signal }) => {
      signal.throwIfAborted();
      if (secrets.broken) throw new Error('the service does not answer');
      return scheme === 'bearer' && secrets.values.has(value)
        ? { id: 'someone', ...principal, scopes: [...principal.scopes] }
        : undefined;
    },
    bootstrap: async () => {
      if (secrets.values.size > 0) return undefined;
      secrets.values.add('a first secret');
      return { label: 'first', secret: 'a first secret' };
    },
  };
}

const credentials = (value: string): Credentials => ({ scheme: 'bearer', value, remote: null });

authProviderSuite({
  name: 'a set of secrets',
  create: async () => {
    const secrets = new Secrets();
    secrets.values.add('open sesame').add('other');
    return {
      provider: providerOf(secrets),
      valid: credentials('open sesame'),
      principal,
      invalid: { other: credentials('open barley') },
      revoke: async () => void secrets.values.delete('open sesame'),
      breakBackend: async () => void (secrets.broken = true),
      dispose: async () => {},
    };
  },
  createEmpty: async () => {
    const secrets = new Secrets();
    return { providers: [providerOf(secrets), providerOf(secrets)], dispose: async () => {} };
  },
});
