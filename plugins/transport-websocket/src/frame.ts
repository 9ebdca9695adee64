import { SoulboxError } from '@soulbox/plugin-sdk';

export type CallId = string | number;

/** A well-formed request; without `id` it is a notification, which nobody answers. */
export interface Request {
  readonly id?: CallId;
  readonly method: string;
  readonly params: unknown;
}

/** What to answer in place of a malformed request; `id` is null where none could be read. */
export interface Malformed {
  readonly id: CallId | null;
  readonly error: SoulboxError;
}

/** What one message asks for. */
export interface Frame {
  readonly batch: boolean;
  readonly requests: readonly (Request | Malformed)[];
}

export interface FrameLimits {
  readonly maxDepth: number;
  readonly maxNodes: number;
  readonly maxBatch: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const maxNameLength = 256;

/**
 * Bounds what parsing will cost, in one pass and without recursion. Need not know whether the text is JSON: the
 * parser says that.
 * @throws invalid_request
 */
function checkCost(bytes: Uint8Array, { maxDepth, maxNodes }: FrameLimits): void {
  let depth = 0;
  let nodes = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (inString) {
      if (byte === backslash) i++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBracket || byte === openBrace) {
      nodes++;
      if (++depth > maxDepth) throw new SoulboxError('invalid_request', `nested deeper than ${maxDepth} levels`);
    } else if (byte === closeBracket || byte === closeBrace) depth--;
    else if (byte === comma) nodes++;
    if (nodes > maxNodes) throw new SoulboxError('invalid_request', `holds more than ${maxNodes} values`);
  }
}

/** Whether an id comes back unchanged: 1e400, fractions and integers beyond 2^53 would not, or not everywhere. */
function isCallId(value: unknown): value is CallId {
  return typeof value === 'string' ? value.length <= maxNameLength : Number.isSafeInteger(value);
}

function readRequest(value: unknown): Request | Malformed {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return malformed(null, 'a request must be an object');
  const { jsonrpc, id, method, params } = value as Record<string, unknown>;
  if (id !== undefined && !isCallId(id))
    return malformed(null, `id must be an integer or a string of at most ${maxNameLength} characters`);
  if (jsonrpc !== '2.0') return malformed(id ?? null, 'jsonrpc must be "2.0"');
  if (typeof method !== 'string' || method.length > maxNameLength)
    return malformed(id ?? null, `method must be a string of at most ${maxNameLength} characters`);
  return id === undefined ? { method, params } : { id, method, params };
}

function malformed(id: CallId | null, message: string): Malformed {
  return { id, error: new SoulboxError('invalid_request', message) };
}

/**
 * Reads one message, already known to be UTF-8.
 * @throws parse_error, invalid_request for what spoils the message as a whole.
 */
export function readFrame(bytes: Buffer, limits: FrameLimits): Frame {
  checkCost(bytes, limits);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new SoulboxError('parse_error', 'the message is not JSON');
  }
  if (!Array.isArray(value)) return { batch: false, requests: [readRequest(value)] };
  if (value.length === 0) throw new SoulboxError('invalid_request', 'a batch must not be empty');
  if (value.length > limits.maxBatch)
    throw new SoulboxError('invalid_request', `a batch holds at most ${limits.maxBatch} requests`);
  return { batch: true, requests: value.map(readRequest) };
}
