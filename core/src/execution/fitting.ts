import { isSoulboxError, type ExecutionResult } from '@soulbox/plugin-sdk';

const streams = ['stdout', 'stderr'] as const;
/** A character takes up to six bytes where it must be escaped, and both outputs share the room. */
const shares = [3, 16] as const;

function cut(result: ExecutionResult, characters: number): ExecutionResult {
  const cutOne = (stream: (typeof streams)[number]) => {
    const text = result[stream];
    if (text.length <= characters) return { text, truncated: result.truncated[stream] };
    // Neither a group of base64 nor a pair of surrogates is cut in two.
    const group = result.encoding[stream] === 'base64' ? characters - (characters % 4) : characters;
    return { text: text.slice(0, group).replace(/[\uD800-\uDBFF]$/, ''), truncated: true };
  };
  const [stdout, stderr] = [cutOne('stdout'), cutOne('stderr')];
  const truncated = { stdout: stdout.truncated, stderr: stderr.truncated };
  return { ...result, stdout: stdout.text, stderr: stderr.text, truncated };
}

/**
 * Forms of a result for a store that takes no larger documents, the larger first: with less and less of its output, which
 * is marked as truncated. None where the store refused it for another reason.
 */
export function fittingForms(result: ExecutionResult, refusal: unknown): readonly ExecutionResult[] {
  const maxBytes = isSoulboxError(refusal) && refusal.code === 'payload_too_large' && refusal.details?.['maxBytes'];
  return typeof maxBytes === 'number' ? shares.map((share) => cut(result, Math.floor(maxBytes / share))) : [];
}

/** Writes a result, with less of its output where the store has no room for it. @throws what the last attempt throws */
export async function fitting<T>(result: ExecutionResult, write: (form: ExecutionResult) => Promise<T>): Promise<T> {
  let refusal: unknown;
  try {
    return await write(result);
  } catch (thrown) {
    refusal = thrown;
  }
  for (const form of fittingForms(result, refusal)) {
    try {
      return await write(form);
    } catch (thrown) {
      refusal = thrown;
    }
  }
  throw refusal;
}
