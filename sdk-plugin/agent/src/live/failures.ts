import type { ErrorCode } from '../../../src/error-catalogue.ts';
import { SoulboxError } from '../../../src/errors.ts';
import { decodeFields } from '../fields.ts';
import { violation } from '../violation.ts';
import { firstProcessMethod, liveMethod, type LiveMethod } from './frames.ts';

const codes: Readonly<Record<string, ErrorCode>> = {
  invalid: 'invalid_params',
  'not-found': 'path_not_found',
  exists: 'path_exists',
  'not-folder': 'not_a_folder',
  'is-folder': 'is_a_folder',
  'not-empty': 'folder_not_empty',
  denied: 'path_denied',
  'no-space': 'disk_full',
  'too-many': 'overloaded',
  'too-large': 'payload_too_large',
  refused: 'port_closed',
  gone: 'process_ended',
  unsupported: 'unsupported',
  cancelled: 'cancelled',
  io: 'sandbox_unavailable',
};

/** What the same word means where it is no path that was asked for. */
const ofProcesses: Readonly<Record<string, ErrorCode>> = { 'not-found': 'process_not_found', exists: 'conflict' };

const longestMessage = 500;

/** The error that a FAIL tells of. Its text comes from within the sandbox. @throws agent_protocol */
export function failureOf(method: LiveMethod, payload: Buffer): SoulboxError {
  let code = '';
  let message = '';
  for (const { tag, value } of decodeFields(payload)) {
    if (tag === 1) code = value.toString('latin1');
    else if (tag === 2) message = value.toString('utf8').slice(0, longestMessage);
    else throw violation(`field ${tag} of a failure`);
  }
  const known = (liveMethod[method] >= firstProcessMethod ? ofProcesses[code] : undefined) ?? codes[code];
  if (known === undefined || !Object.hasOwn(codes, code)) throw violation('a failure of an unknown kind');
  return new SoulboxError(known, message);
}
