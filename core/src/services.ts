import 'reflect-metadata';
import { container, instanceCachingFactory, type DependencyContainer } from 'tsyringe';
import { SoulboxError, type AnyToken, type Requires } from '@soulbox/plugin-sdk';

interface Provider {
  readonly owner: string;
  readonly service: unknown;
}

/** What is provided, by whom. The only file that knows the container; plugins speak in tokens. */
export class Services {
  private readonly single = new Map<symbol, Provider>();
  /** One live map per `many` token: its holders see providers come and go. */
  private readonly named = new Map<symbol, Map<string, Provider>>();
  private readonly views = new Map<symbol, Map<string, unknown>>();

  /** @throws capability_conflict when the token, or the name under it, is provided already. */
  provide(owner: string, token: AnyToken, service: unknown, name?: string): Disposable {
    return token.kind === 'one'
      ? this.provideOne(owner, token, service)
      : this.provideNamed(owner, token, service, name);
  }

  private provideOne(owner: string, token: AnyToken, service: unknown): Disposable {
    const present = this.single.get(token.key);
    if (present) throw conflict(token.id, present.owner, owner);
    this.single.set(token.key, { owner, service });
    return { [Symbol.dispose]: () => void this.single.delete(token.key) };
  }

  private provideNamed(owner: string, token: AnyToken, service: unknown, name: string | undefined): Disposable {
    if (name === undefined)
      throw new SoulboxError('plugin_failed', `plugin ${owner} provides ${token.id} without a name`);
    const providers = this.providers(token.key);
    const present = providers.get(name);
    if (present) throw conflict(`${token.id} "${name}"`, present.owner, owner);
    providers.set(name, { owner, service });
    this.view(token.key).set(name, service);
    return {
      [Symbol.dispose]: () => {
        providers.delete(name);
        this.view(token.key).delete(name);
      },
    };
  }

  /** The service of a `one` token. */
  get<T>(token: AnyToken & { readonly type?: T }): T | undefined {
    return this.single.get(token.key)?.service as T | undefined;
  }

  /** The live map of a `many` token, in the order in which the services were provided. */
  all<T>(token: AnyToken & { readonly type?: T }): ReadonlyMap<string, T> {
    return this.view(token.key) as Map<string, T>;
  }

  /** Which plugin provides a token, under a name where it is a `many` token. */
  owner(token: AnyToken, name?: string): string | undefined {
    return (name === undefined ? this.single.get(token.key) : this.providers(token.key).get(name))?.owner;
  }

  /**
   * The services that a plugin declared, and no others. What is `staged` will take its place together with the plugin.
   * @throws capability_missing when one that is not optional is absent.
   */
  resolve(plugin: string, requires: Requires, staged?: ReadonlyMap<symbol, unknown>): Record<string, unknown> {
    // A container of its own for each plugin: tsyringe's children would otherwise see whatever a sibling registered.
    const own: DependencyContainer = container.createChildContainer();
    const services: Record<string, unknown> = {};
    for (const [name, requirement] of Object.entries(requires)) {
      const token: AnyToken = 'token' in requirement ? requirement.token : requirement;
      own.register(token.key, {
        useFactory: instanceCachingFactory(
          () => staged?.get(token.key) ?? this.lookup(plugin, token, requirement.optional === true),
        ),
      });
      services[name] = own.resolve(token.key);
    }
    return Object.freeze(services);
  }

  private lookup(plugin: string, token: AnyToken, isOptional: boolean): unknown {
    if (token.kind === 'many') return this.view(token.key);
    const present = this.single.get(token.key);
    if (!present && !isOptional)
      throw new SoulboxError(
        'capability_missing',
        `plugin ${plugin} requires ${token.id}@${token.version}, which nothing provides`,
      );
    return present?.service;
  }

  private providers(key: symbol): Map<string, Provider> {
    return getOrMake(this.named, key);
  }

  private view(key: symbol): Map<string, unknown> {
    return getOrMake(this.views, key);
  }
}

function getOrMake<V>(maps: Map<symbol, Map<string, V>>, key: symbol): Map<string, V> {
  let found = maps.get(key);
  if (!found) maps.set(key, (found = new Map()));
  return found;
}

function conflict(what: string, first: string, second: string): SoulboxError {
  return new SoulboxError('capability_conflict', `${what} is provided by plugin ${first} and by plugin ${second}`, {
    details: { plugins: [first, second] },
  });
}
