import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode, type Answer } from 'dns-packet';

/** A name server on the loopback: names with their addresses, or with other records; `slow` names are answered later. */
export async function startNameServer(
  zone: Readonly<Record<string, readonly (string | Answer)[]>>,
  { slow = [], slowMs = 500 }: { readonly slow?: readonly string[]; readonly slowMs?: number } = {},
) {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, { port, address }) => {
    const packet = decode(message);
    const { name, type } = packet.questions![0]!;
    asked.push(name);
    const known = zone[name];
    const answers = (known ?? []).flatMap((each): Answer[] => {
      if (typeof each !== 'string') return each.type === type ? [each] : [];
      const of = each.includes(':') ? 'AAAA' : 'A';
      return of === type ? [{ type: of, name, ttl: 0, data: each }] : [];
    });
    const response = {
      type: 'response',
      id: packet.id!,
      flags: known ? 0 : 3,
      questions: packet.questions!,
      answers,
    } as const;
    const send = () => socket.send(encode(response), port, address);
    if (slow.includes(name)) setTimeout(send, slowMs);
    else send();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}
export type NameServer = Awaited<ReturnType<typeof startNameServer>>;
