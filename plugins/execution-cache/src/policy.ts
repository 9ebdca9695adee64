import type { ExecutionRequest } from '@soulbox/plugin-sdk';
import type { Rule } from './config.ts';

function fits(rule: Rule, { language, tenant, labels = {} }: ExecutionRequest): boolean {
  const has = ([name, value]: [string, string]) => Object.hasOwn(labels, name) && labels[name] === value;
  return (
    (rule.languages?.some((name) => name.toLowerCase() === language.toLowerCase()) ?? true) &&
    (rule.tenants?.includes(tenant) ?? true) &&
    Object.entries(rule.labels ?? {}).every(has)
  );
}

/** The request as it asks for a cache, where it says nothing and the operator declared it pure; else `undefined`. */
export function askedByPolicy(rules: readonly Rule[], request: ExecutionRequest): ExecutionRequest | undefined {
  const { cache, stdin } = request;
  const mayGrow = typeof stdin === 'object' && stdin.open === true;
  if (cache !== undefined || mayGrow || !rules.some((rule) => fits(rule, request))) return undefined;
  return { ...request, cache: true };
}
