import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { SoulboxError } from '../errors.ts';

/**
 * Starts to listen, and answers with the port; 0 takes any that is free.
 * @throws conflict when the port is taken, config_invalid when the address cannot be had otherwise.
 */
export async function bind(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  const listening = once(server, 'listening');
  server.listen({ host, port });
  try {
    await listening;
    return (server.address() as AddressInfo).port;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const details = { host, port };
    if (code === 'EADDRINUSE')
      throw new SoulboxError('conflict', `${host}:${port} is in use already`, { details, cause });
    throw new SoulboxError('config_invalid', `cannot listen on ${host}:${port}: ${code}`, { details, cause });
  }
}
