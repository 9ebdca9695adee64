import { once } from 'node:events';
import type { Server } from 'node:http';
import { SoulboxError } from '@soulbox/plugin-sdk';

/**
 * Starts to listen.
 * @throws conflict when the port is taken, config_invalid when the address cannot be had otherwise.
 */
export async function bind(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  const listening = once(server, 'listening');
  server.listen({ host, port });
  try {
    await listening;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const details = { host, port };
    if (code === 'EADDRINUSE')
      throw new SoulboxError('conflict', `${host}:${port} is in use already`, { details, cause });
    throw new SoulboxError('config_invalid', `cannot listen on ${host}:${port}: ${code}`, { details, cause });
  }
}
