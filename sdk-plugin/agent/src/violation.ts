import { SoulboxError } from '../../src/errors.ts';

/** @returns the error for an agent that sent what its protocol forbids; `what` names it. */
export function violation(what: string): SoulboxError {
  return new SoulboxError('agent_protocol', `the sandbox agent broke its protocol: ${what}`);
}
