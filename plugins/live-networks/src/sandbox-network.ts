import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import {
  inSandbox,
  LiveStream,
  type GatewayEvent,
  type LiveAgent,
  type LiveSandboxes,
  type NetworkPolicy,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { Decisions } from './decisions.ts';
import { Names } from './names.ts';
import { connectOutside, wordOf } from './outside.ts';
import { Policy, type Refusal } from './policy.ts';
import { answer, type NameSource } from './questions.ts';
import { parseAddress, parseRange, type Address } from './ranges.ts';
import { isPeerName, peerName, type NetworkRecord } from './shapes.ts';

export interface SandboxNetworkParts {
  readonly config: Config;
  readonly resolver: NameSource['resolver'];
  readonly sandboxes: LiveSandboxes;
  /** The sandbox that has the name in a private network of the tenant. */
  peer(tenant: string, network: string, name: string): string | undefined;
  /** It knows another name. */
  changed(): void;
}

type Connection = GatewayEvent & { readonly type: 'connection' };
type Question = GatewayEvent & { readonly type: 'question' };

/** One that waits in a sandbox to be taken. */
interface Caught {
  readonly agent: LiveAgent;
  readonly connection: number;
  /** Nobody sees to it any more. */
  readonly signal: AbortSignal;
}

/** What a connection was meant for. */
interface Destination {
  readonly name: string | null;
  readonly address: Address | undefined;
  readonly port: number;
}

/** Names that a sandbox may ask for at the same moment. */
const mostQuestions = 64;

class Refused extends Error {}

/** The network of one sandbox: what its programs ask and connect to comes here, whoever they think they talk to. */
export class SandboxNetwork {
  readonly decisions: Decisions;
  readonly #record: NetworkRecord;
  readonly #parts: SandboxNetworkParts;
  readonly #names: Names;
  #policy: Policy;
  #serving: AbortController | undefined;
  readonly #open = new Map<Duplex, Destination>();
  #opening = 0;
  #asking = 0;

  /** @throws invalid_params for rules that are none */
  constructor(record: NetworkRecord, parts: SandboxNetworkParts) {
    this.#record = record;
    this.#parts = parts;
    this.#names = new Names(parts.config.names, record.names);
    this.#policy = this.#policyOf(record.network);
    this.decisions = new Decisions(parts.config.decisions);
  }

  #policyOf(network: NetworkPolicy): Policy {
    return new Policy(
      network,
      this.#parts.config.granted.map((text) => parseRange(text)!),
    );
  }

  get network(): NetworkPolicy {
    return this.#policy.network;
  }

  /** As it is to be kept. */
  get record(): NetworkRecord {
    return { ...this.#record, network: this.network, names: [...this.#names.all] };
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#open.size;
  }

  /** From now on; connections that would not be allowed any more are cut. @throws invalid_params */
  change(network: NetworkPolicy): void {
    this.#policy = this.#policyOf(network);
    for (const [stream, destination] of this.#open) if (this.#refusal(destination)) stream.destroy();
  }

  /** Why a connection to an address that is known may not be, or not any more. */
  #refusal({ name, address, port }: Destination): Refusal | 'unknown_name' {
    if (name !== null && isPeerName(name)) return this.#peer(name) === undefined ? 'unknown_name' : undefined;
    const ofName = name === null ? undefined : this.#policy.namedPort(name, port);
    return ofName ?? this.#policy.address(address!, port, name !== null);
  }

  /** Sees to all that its programs send, from now on and as long as the agent is there. Does not wait for that. */
  serve(agent: LiveAgent): Promise<void> {
    this.close();
    const { signal } = (this.#serving = new AbortController());
    return this.#serve(agent, signal);
  }

  close(): void {
    this.#serving?.abort();
    for (const stream of this.#open.keys()) stream.destroy();
  }

  async #serve(agent: LiveAgent, signal: AbortSignal): Promise<void> {
    for await (const event of agent.gateway({ signal }))
      void (event.type === 'connection' ? this.#connection(agent, event, signal) : this.#question(agent, event));
  }

  async #question(agent: LiveAgent, { question, message }: Question): Promise<void> {
    // What is not answered is asked again.
    if (this.#asking >= mostQuestions) return;
    this.#asking++;
    const bytes = await this.#answer(message);
    this.#asking--;
    if (bytes) await agent.answer(question, bytes);
  }

  #answer(message: Uint8Array): Promise<Uint8Array | undefined> {
    return answer(message, {
      resolver: this.#parts.resolver,
      isAllowed: (name) => {
        const reason = this.#policy.name(name);
        this.decisions.add({ what: 'name', name, verdict: reason ? 'refused' : 'allowed', reason: reason ?? null });
        return reason === undefined;
      },
      isPeer: (name) =>
        isPeerName(name) && this.network.private !== undefined ? this.#peer(name) !== undefined : undefined,
      addressOf: (name) => {
        const { address, isNew } = this.#names.addressOf(name);
        if (isNew) this.#parts.changed();
        return address;
      },
    });
  }

  #peer(name: string): string | undefined {
    const { private: network } = this.network;
    const { tenant } = this.#record;
    return network === undefined ? undefined : this.#parts.peer(tenant, network, name);
  }

  async #connection(
    agent: LiveAgent,
    { connection, address: text, port }: Connection,
    signal: AbortSignal,
  ): Promise<void> {
    const meant = parseAddress(text);
    const name = meant && this.#names.nameOf(meant);
    const destination: Destination = { name: name ?? null, address: name ? undefined : meant, port };
    const told = {
      what: 'connection',
      name: destination.name,
      address: destination.address?.toString() ?? null,
      port,
    } as const;
    try {
      if (name === null) throw new Refused('unknown_name');
      if (this.#open.size + this.#opening >= this.#parts.config.connections) throw new Refused('overloaded');
      await this.#pass({ agent, connection, signal }, destination);
    } catch (error) {
      const reason = error instanceof Refused ? error.message : wordOf(error);
      this.decisions.add({ ...told, verdict: error instanceof Refused ? 'refused' : 'failed', reason });
      // It may be taken, or gone, already.
      await agent.drop(connection).catch(() => undefined);
    }
  }

  async #pass(caught: Caught, destination: Destination): Promise<void> {
    const { name } = destination;
    if (name !== null && isPeerName(name)) return this.#passToPeer(caught, destination);
    this.#opening++;
    let reached: Awaited<ReturnType<typeof connectOutside>>;
    try {
      const options = { timeoutMs: this.#parts.config.connectTimeoutMs, signal: caught.signal };
      reached = await connectOutside(await this.#addresses(destination), destination.port, options);
    } finally {
      this.#opening--;
    }
    const { socket, address } = reached;
    await this.#join(caught, socket, { ...destination, address });
  }

  /** Those that may be connected to. Throws where there are none. */
  async #addresses({ name, address, port }: Destination): Promise<readonly Address[]> {
    if (name === null) {
      const refusal = this.#policy.address(address!, port, false);
      if (refusal) throw new Refused(refusal);
      return [address!];
    }
    const refusal = this.#policy.namedPort(name, port);
    if (refusal) throw new Refused(refusal);
    const all = await this.#parts.resolver.addresses(name);
    const [first] = all;
    if (first === undefined) throw new Refused('unknown_name');
    const possible = all.filter((each) => this.#policy.address(each, port, true) === undefined);
    if (possible.length === 0) throw new Refused(this.#policy.address(first, port, true));
    return possible;
  }

  async #passToPeer(caught: Caught, destination: Destination): Promise<void> {
    const { tenant } = this.#record;
    const id = this.#peer(destination.name!);
    if (id === undefined) throw new Refused('unknown_name');
    await inSandbox(this.#parts.sandboxes, id, { principal: { tenant } }, async ({ agent: peer }) => {
      // Only before it is taken can a connection be refused.
      if (!(await peer.ports()).some(({ port }) => port === destination.port))
        throw Object.assign(new Error('nothing listens there'), { code: 'ECONNREFUSED' });
      await this.#join(caught, LiveStream.dial(peer, destination.port), destination);
    });
  }

  async #join({ agent, connection, signal }: Caught, outer: Duplex, destination: Destination): Promise<void> {
    const { name, address, port } = destination;
    // The rules may have changed, or all have been closed, while it was reached.
    const refusal = signal.aborted ? 'mode' : this.#refusal(destination);
    if (refusal) {
      outer.destroy();
      throw new Refused(refusal);
    }
    const inner = LiveStream.take(agent, connection);
    this.decisions.add({ what: 'connection', name, address: address?.toString() ?? null, port, verdict: 'allowed' });
    this.#open.set(inner, destination);
    // How a connection ends that both sides had is theirs alone.
    await pipeline(inner, outer, inner).catch(() => undefined);
    outer.destroy();
    this.#open.delete(inner);
  }

  /** Its name in its private network. */
  get peerName(): string {
    return peerName({ ...this.#record, network: this.network });
  }
}
