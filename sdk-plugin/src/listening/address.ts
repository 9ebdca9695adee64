import { z } from 'zod';

/** Whether only programs on this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A host as it is written in a URL: `[::1]`. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Where a plugin listens, for its configuration; together with {@link onlyWherePublic}. */
export const listenShape = {
  host: z.string().min(1).max(253).default('127.0.0.1'),
  /** Must be true to listen where other machines can connect. */
  public: z.boolean().default(false),
};

/** Refuses a configuration that would be reachable from other machines without saying so. */
export function onlyWherePublic(
  config: { readonly host: string; readonly public: boolean },
  context: z.core.$RefinementCtx,
): void {
  if (isLoopback(config.host) || config.public) return;
  context.addIssue({
    code: 'custom',
    path: ['host'],
    message: `${config.host} can be reached from other machines; set public: true if that is wanted`,
  });
}
