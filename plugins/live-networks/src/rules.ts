import { domainToASCII } from 'node:url';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { isWithin, parseRange, type Address, type Range } from './ranges.ts';

/** One entry of an allow or deny list. */
export type Rule = { readonly port: number | undefined } & (
  | { readonly range: Range }
  | { /** `*.` before it, or `*` alone, where those below it are meant. */ readonly name: string }
);

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const namePattern = new RegExp(`^(?:\\*|(?:\\*\\.)?(?:${label}\\.)*${label})$`);
/** A port after a name or an IPv4 range; after IPv6 only where that is in brackets. */
const withPort = /^(?:\[(?<bracketed>[^\]]*)\](?<bits>\/\d+)?|(?<plain>[^:]*))(?::(?<port>\d{1,5}))?$/;

/** As it is compared: lower case, without the dot at the end. Empty for what is no name. */
export function plainName(text: string): string {
  return domainToASCII(text.replace(/\.$/, '').replaceAll('*', 'x--any')).replaceAll('x--any', '*').toLowerCase();
}

/** @throws invalid_params */
export function parseRule(text: string): Rule {
  const { bracketed, bits = '', plain, port } = withPort.exec(text)?.groups ?? {};
  const what = bracketed === undefined ? (plain ?? text) : `${bracketed}${bits}`;
  const number = port === undefined ? undefined : Number(port);
  const range = parseRange(what);
  const isPossible = number === undefined || (number >= 1 && number <= 65_535);
  if (isPossible && range !== undefined) return { range, port: number };
  const name = plainName(what);
  // What ends in a number is an address that is none.
  if (
    isPossible &&
    bracketed === undefined &&
    name.length <= 253 &&
    namePattern.test(name) &&
    !/(?:^|\.)\d+$/.test(name)
  )
    return { name, port: number };
  throw new SoulboxError('invalid_params', `network: "${text.slice(0, 100)}" is no address, CIDR or domain name`, {
    details: { field: 'network', rule: text.slice(0, 300) },
  });
}

export function coversName(rule: Rule, name: string): boolean {
  if (!('name' in rule)) return rule.range.bits === 0;
  if (rule.name === '*' || rule.name === name) return true;
  return rule.name.startsWith('*.') && name.endsWith(rule.name.slice(1));
}

export function coversAddress(rule: Rule, address: Address): boolean {
  return 'range' in rule && isWithin(address, rule.range);
}

export function coversPort(rule: Rule, port: number): boolean {
  return rule.port === undefined || rule.port === port;
}
