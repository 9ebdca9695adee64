import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** All addresses whose first `bits` are those of `address`. */
export interface Range {
  readonly address: Address;
  readonly bits: number;
}

/** Also of an IPv4 address that is written as one of IPv6. `undefined` for what is none. */
export function parseAddress(text: string): Address | undefined {
  if (!ipaddr.IPv6.isValid(text) && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.process(text);
}

/** A CIDR or an address alone. `undefined` for what is neither. */
export function parseRange(text: string): Range | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const most = address.kind() === 'ipv4' ? 32 : 128;
  const bits = slash < 0 ? most : Number(/^\d{1,3}$/.exec(text.slice(slash + 1))?.[0] ?? NaN);
  return bits <= most ? { address, bits } : undefined;
}

export function isWithin(address: Address, { address: start, bits }: Range): boolean {
  return address.kind() === start.kind() && address.match(start, bits);
}

/** Whether it is for everybody, and not this machine's. */
export function isPublic(address: Address): boolean {
  return address.range() === 'unicast' && !ownAddresses().has(address.toString());
}

const freshMs = 5_000;
let own: { readonly addresses: ReadonlySet<string>; readonly until: number } | undefined;

function ownAddresses(): ReadonlySet<string> {
  if (own === undefined || own.until < performance.now()) {
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const addresses = new Set(all.map(({ address }) => ipaddr.process(address.replace(/%.*/, '')).toString()));
    own = { addresses, until: performance.now() + freshMs };
  }
  return own.addresses;
}
