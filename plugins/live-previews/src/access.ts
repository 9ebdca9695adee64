import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Destination } from './address.ts';
import type { PreviewRecord } from './shapes.ts';

const header = 'x-soulbox-token';
const parameter = 'soulbox_token';
const cookieName = 'soulbox_preview';

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export function newToken(): { readonly token: string; readonly tokenHash: string } {
  const token = randomBytes(24).toString('base64url');
  return { token, tokenHash: hashOf(token).toString('hex') };
}

/** A request that was let in, without what let it in: the program is not told. */
export interface Admitted {
  readonly url: string;
  readonly cookie: string | undefined;
  /** A page that came with its token in the address is sent to the same address without, and keeps it in this cookie. */
  readonly keep: string | undefined;
}

/** Path and query without the token, which is answered beside. */
function withoutToken(url: string): { readonly url: string; readonly token: string | undefined } {
  const [path = '', ...queries] = url.split('?');
  const parts = queries.join('?').split('&');
  const isToken = (part: string) => part.startsWith(`${parameter}=`);
  const token = parts.find(isToken)?.slice(parameter.length + 1);
  if (token === undefined) return { url, token };
  const rest = parts.filter((part) => !isToken(part)).join('&');
  return { url: rest === '' ? path : `${path}?${rest}`, token };
}

function withoutCookie(all = ''): { readonly cookie: string | undefined; readonly token: string | undefined } {
  const pairs = all.split(';').map((pair) => pair.trim());
  const isOwn = (pair: string) => pair.startsWith(`${cookieName}=`);
  const rest = pairs.filter((pair) => pair !== '' && !isOwn(pair)).join('; ');
  return { cookie: rest === '' ? undefined : rest, token: pairs.find(isOwn)?.slice(cookieName.length + 1) };
}

/** Pages of other previews are of the same site: what they ask for would come with the cookie, too. */
function isFromElsewhere({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return !(headers['sec-fetch-mode'] === 'navigate' && method === 'GET');
}

/** @throws unauthenticated */
export function admit(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  destination: Destination,
  { access, tokenHash }: Pick<PreviewRecord, 'access' | 'tokenHash'>,
): Admitted {
  const { url, token: inUrl } = withoutToken(destination.url);
  const { cookie, token: inCookie } = withoutCookie(request.headers.cookie);
  if (access === 'public') return { url, cookie, keep: undefined };
  const inHeader = request.headers[header];
  // By path all previews would get the cookies of all.
  const isByName = destination.prefix === '';
  const shown = inHeader ?? inUrl ?? (isByName && !isFromElsewhere(request) ? inCookie : undefined);
  const isRight =
    typeof shown === 'string' && tokenHash !== null && timingSafeEqual(hashOf(shown), Buffer.from(tokenHash, 'hex'));
  if (!isRight)
    throw new SoulboxError('unauthenticated', `this preview wants its token: in ${header} or as ?${parameter}=`);
  const isPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
  return { url, cookie, keep: isPage && isByName ? inUrl : undefined };
}

export function cookieOf(token: string, secure: boolean): string {
  return `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

/** Takes away what only the proxy is to see. */
export function hideToken(headers: IncomingMessage['headers'], cookie: string | undefined): void {
  delete headers[header];
  if (cookie === undefined) delete headers.cookie;
  else headers.cookie = cookie;
}
