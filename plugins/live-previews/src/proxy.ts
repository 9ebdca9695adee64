import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LiveStream, type OpenSandbox } from '@soulbox/plugin-sdk';
import { createProxyServer, type ProxyServerOptions } from 'httpxy';
import { hideToken, type Admitted } from './access.ts';
import type { Destination } from './address.ts';

const ofOneConnection = new Set([
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
]);
// These tell where a message ends and whom it is for, whatever a client says of them.
const neverOfOneConnection = new Set(['transfer-encoding', 'content-length', 'host', 'upgrade']);
const forwarded = [
  'x-forwarded-for',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'forwarded',
];

type Headers = IncomingMessage['headers'];

function dropHopByHop(headers: Headers): void {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...named, ...ofOneConnection]) if (!neverOfOneConnection.has(name)) delete headers[name];
}

/** A cookie for all below the domain would reach the other previews. */
const widened = /;\s*domain\s*(?:=[^;]*)?(?=;|$)/gi;
/** These act on a whole origin: by path that is everybody's. */
const originWide = ['set-cookie', 'service-worker-allowed', 'strict-transport-security', 'alt-svc', 'nel', 'report-to'];

/** What a program answers must not act on other previews, or on what else is at this host name. */
function confine(headers: Headers, { prefix, id }: Destination): void {
  // It clears cookies of the whole domain, whoever asks for it.
  delete headers['clear-site-data'];
  headers['set-cookie'] &&= headers['set-cookie'].map((cookie) => cookie.replace(widened, ''));
  if (prefix === '') return;
  for (const name of originWide) delete headers[name];
  headers['content-security-policy'] = [
    'sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts',
    ...(headers['content-security-policy'] ? [headers['content-security-policy']] : []),
  ].join(', ');
  if (headers.location?.startsWith('/') && !headers.location.startsWith('//'))
    headers.location = `/${id}${headers.location}`;
}

/** A request that was let in, and where it goes. */
export interface Passage {
  readonly sandbox: OpenSandbox;
  readonly port: number;
  readonly destination: Destination;
  readonly admitted: Admitted;
  /** Whether those who ask use TLS, also where something in front of this host ends it. */
  readonly secure: boolean;
}

interface UnderWay extends Passage {
  /** Whether the program has answered. */
  answered: boolean;
  readonly fail: (error: Error, answered: boolean) => void;
}

/** Hands requests to what listens in a sandbox. */
export class Proxy {
  readonly #server = createProxyServer({ xfwd: true });
  readonly #underWay = new WeakMap<IncomingMessage, UnderWay>();

  constructor() {
    this.#server.on('proxyRes', (answer, request) => {
      this.#pass(answer, request);
      // Whether this connection goes on is not for the program to say.
      delete answer.headers.connection;
    });
    this.#server.on('proxyReqWs', (asked, request) => {
      asked.on('upgrade', (answer) => this.#pass(answer, request));
      asked.on('response', (answer) => this.#pass(answer, request));
    });
    this.#server.on('error', (error, request) => {
      const underWay = request && this.#underWay.get(request);
      underWay?.fail(error, underWay.answered);
    });
  }

  /** Resolves when the answer has been sent, or cannot be any more; `fail` is told why. */
  async request(
    request: IncomingMessage,
    response: ServerResponse,
    passage: Passage,
    fail: UnderWay['fail'],
  ): Promise<void> {
    this.#prepare(request, passage, fail);
    delete request.headers.connection;
    await this.#server.web(request, response, target(passage));
  }

  /** Resolves when the connection has ended; `fail` is told why. */
  async upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    passage: Passage,
    fail: UnderWay['fail'],
  ): Promise<void> {
    this.#prepare(request, passage, fail);
    request.headers.connection = 'Upgrade';
    await this.#server.ws(request, socket, target(passage), head);
  }

  #prepare(request: IncomingMessage, passage: Passage, fail: UnderWay['fail']): void {
    const { headers } = request;
    const { destination, admitted, secure } = passage;
    dropHopByHop(headers);
    // It was answered here.
    delete headers.expect;
    for (const name of forwarded) delete headers[name];
    headers['x-forwarded-proto'] = secure ? 'https' : 'http';
    // By path the cookies are those of whatever else is at the host name.
    hideToken(headers, destination.prefix === '' ? admitted.cookie : undefined);
    if (destination.prefix !== '') headers['x-forwarded-prefix'] = destination.prefix;
    request.url = admitted.url;
    this.#underWay.set(request, { ...passage, answered: false, fail });
  }

  #pass({ headers }: IncomingMessage, request: IncomingMessage): void {
    dropHopByHop(headers);
    const underWay = this.#underWay.get(request);
    if (underWay === undefined) return;
    underWay.answered = true;
    confine(headers, underWay.destination);
  }
}

function target({ sandbox: { agent }, port }: Passage): ProxyServerOptions {
  const one = Object.assign(new Agent(), { createConnection: () => LiveStream.dial(agent, port) });
  return { target: { protocol: 'http:', host: 'localhost', port }, agent: one };
}
