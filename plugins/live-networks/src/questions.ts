import { decode, encode, type Answer, type Packet, type Question } from 'dns-packet';
import { plainName } from './rules.ts';
import type { Resolver } from './resolver.ts';

/** What the answers depend on. */
export interface NameSource {
  /** Whether it may be asked for; whoever says so keeps it. */
  isAllowed(name: string): boolean;
  /** Whether the name is of a sandbox in the same private network; `undefined`: of no such network at all. */
  isPeer(name: string): boolean | undefined;
  /** The address that stands for it. */
  addressOf(name: string): string;
  readonly resolver: Pick<Resolver, 'addresses' | 'texts' | 'mailServers' | 'services'>;
}

const codes = { none: 0, malformed: 1, failed: 2, noSuchName: 3, notDone: 4 } as const;
/** Recursion was wanted, and is there. */
const recursive = 0x0180;
/** Short: which address stands for a name may change. */
const ttl = 60;
const headBytes = 12;

type Outcome = readonly [code: keyof typeof codes, answers?: readonly Answer[]];

async function records({ name, type }: Question, plain: string, { addressOf, resolver }: NameSource): Promise<Outcome> {
  switch (type) {
    case 'A':
      if ((await resolver.addresses(plain)).length === 0) return ['noSuchName'];
      return ['none', [{ type, name, ttl, data: addressOf(plain) }]];
    case 'TXT':
      return ['none', (await resolver.texts(plain)).map((data) => ({ type, name, ttl, data }))];
    case 'MX':
      return [
        'none',
        (await resolver.mailServers(plain)).map(({ exchange, priority: preference }) => ({
          type,
          name,
          ttl,
          data: { exchange, preference },
        })),
      ];
    case 'SRV':
      return [
        'none',
        (await resolver.services(plain)).map(({ name: target, ...data }) => ({
          type,
          name,
          ttl,
          data: { target, ...data },
        })),
      ];
    default:
      // There is none of that kind: programs go on with the address.
      return ['none'];
  }
}

async function outcomeOf(packet: Packet, source: NameSource): Promise<Outcome> {
  const [question, ...more] = packet.questions ?? [];
  if (packet.type !== 'query' || question === undefined || more.length > 0) return ['malformed'];
  if (((packet.flags ?? 0) & 0x7800) !== 0 || question.class !== 'IN') return ['notDone'];
  const name = plainName(question.name);
  const isPeer = source.isPeer(name);
  if (isPeer !== undefined) {
    if (!isPeer) return ['noSuchName'];
    if (question.type !== 'A') return ['none'];
    return ['none', [{ type: 'A', name: question.name, ttl, data: source.addressOf(name) }]];
  }
  // Not as refused: C libraries tell programs that this may pass, and those ask again.
  if (name === '' || !source.isAllowed(name)) return ['noSuchName'];
  return records(question, name, source).catch((): Outcome => ['failed']);
}

/** The answer to a message of a program; `undefined` for what is not even a question. Nothing is thrown. */
export async function answer(message: Uint8Array, source: NameSource): Promise<Uint8Array | undefined> {
  if (message.length < headBytes) return undefined;
  const bytes = Buffer.from(message);
  let packet: Packet = {};
  let outcome: Outcome = ['malformed'];
  try {
    packet = decode(bytes);
    outcome = await outcomeOf(packet, source);
  } catch {
    // What cannot be read is malformed.
  }
  const [code, answers = []] = outcome;
  const response = (flags: number, given: readonly Answer[]) =>
    encode({
      type: 'response',
      id: bytes.readUInt16BE(0),
      flags,
      questions: packet.questions ?? [],
      answers: [...given],
    });
  try {
    return response(recursive | codes[code], answers);
  } catch {
    return response(recursive | codes.failed, []);
  }
}
