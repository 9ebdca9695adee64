import { SoulboxError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/error-catalogue.ts';
import type { RefusalCode } from './protocol.ts';

const errors: Record<Exclude<RefusalCode, 'disk'>, readonly [ErrorCode, string]> = {
  invalid: ['invalid_params', 'the sandbox refused the description of the run'],
  busy: ['overloaded', 'the sandbox runs as many programs as it may'],
  setup: ['sandbox_unavailable', 'a wall of the sandbox could not be built'],
  path: ['path_outside_box', 'a file cannot be made in the working directory'],
};

/** @returns the error for a run that the agent refused; `disk` is a verdict instead. */
export function refusalError(code: Exclude<RefusalCode, 'disk'>, message: string): SoulboxError {
  const [errorCode, sentence] = errors[code];
  return new SoulboxError(errorCode, message === '' ? sentence : `${sentence}: ${message}`);
}
