import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Things of the host that no program in a box may reach, with an account of who did. */
export interface Watch {
  /** The arguments of every hostile program: secret file, port, abstract name, socket path. */
  readonly targets: readonly string[];
  /** The content of the secret file. */
  readonly secret: string;
  /** Connections and datagrams that came. */
  contacts(): number;
  close(): Promise<void>;
}

/** What a program with too much power would change. */
export async function kernelState(): Promise<string[]> {
  const files = ['core_pattern', 'panic'].map((name) => readFile(`/proc/sys/kernel/${name}`, 'utf8'));
  return [hostname(), ...(await Promise.all(files))];
}

export async function startWatch(): Promise<Watch> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-hostile-'));
  const secret = randomBytes(24).toString('hex');
  await writeFile(join(folder, 'secret'), secret);
  // Only the walls may keep a program out, not the permissions.
  await chmod(folder, 0o755);
  let contacts = 0;
  const count = (socket: Socket): void => {
    contacts++;
    socket.destroy();
  };
  const servers: Server[] = [];
  const listen = async (where: string | { port: number; host: string }): Promise<Server> => {
    const server = createServer(count).listen(where);
    servers.push(server);
    await once(server, 'listening');
    return server;
  };
  const tcp = await listen({ port: 0, host: '127.0.0.1' });
  const { port } = tcp.address() as AddressInfo;
  const abstractName = `soulbox-hostile-${randomBytes(6).toString('hex')}`;
  await listen(`\0${abstractName}`);
  const path = join(folder, 'listener');
  await listen(path);
  await chmod(path, 0o777);
  const datagrams = createSocket('udp4', () => void contacts++).bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  return {
    targets: [join(folder, 'secret'), String(port), abstractName, path],
    secret,
    contacts: () => contacts,
    close: async () => {
      datagrams.close();
      for (const server of servers) server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
