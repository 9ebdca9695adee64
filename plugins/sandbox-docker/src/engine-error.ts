import { isSoulboxError, SoulboxError, type ErrorCode } from '@soulbox/plugin-sdk';

/** What dockerode adds to the errors that it makes of answers. */
interface EngineFailure extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly json?: unknown;
}

interface Explanation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
}

const start = 'Start the engine, or correct "host" of the plugin sandbox-docker.';

const noPermission: Explanation = {
  code: 'runtime_unavailable',
  message: 'the host may not use the socket of the Docker engine',
  advice: 'Add the account of the host to the group of the socket (usually docker), or use a rootless engine.',
};

/** By the error numbers of the connection. */
const unconnected: Readonly<Record<string, Explanation>> = {
  ENOENT: {
    code: 'runtime_unavailable',
    message: 'there is no Docker engine at the configured address',
    advice: start,
  },
  ECONNREFUSED: {
    code: 'runtime_unavailable',
    message: 'no Docker engine listens at the configured address',
    advice: start,
  },
  EACCES: noPermission,
  EPERM: noPermission,
};

/** By what the engine itself says; the first that fits. */
const answers: readonly (readonly [pattern: RegExp, explanation: Explanation])[] = [
  [
    /no space left on device|disk quota exceeded|ENOSPC/i,
    {
      code: 'runtime_unavailable',
      message: 'the folder of the Docker engine is full',
      advice: 'Free space where the engine keeps its data: docker system df shows what uses it.',
    },
  ],
  [
    /exec format error|does not match the (specified|detected host) platform/i,
    {
      code: 'image_unavailable',
      message: 'the image is made for another processor architecture',
      advice: 'Build the image on this machine: soulbox images build.',
    },
  ],
  [
    /soulbox-agent.*(no such file|not found|permission denied)|(no such file|not found|permission denied).*soulbox-agent/is,
    {
      code: 'image_unavailable',
      message: 'the image has no agent that can be run',
      advice: 'Build the image anew: soulbox images build.',
    },
  ],
  [
    /no such image|manifest unknown|pull access denied|invalid reference|must be lowercase/i,
    {
      code: 'image_unavailable',
      message: 'the engine does not have the image',
      advice: 'Build it: soulbox images build.',
    },
  ],
  [
    /TLS handshake timeout|lookup .* (no such host|server misbehaving)|i\/o timeout|registry.*(refused|timeout)|Client\.Timeout exceeded/is,
    {
      code: 'runtime_unavailable',
      message: 'the registry of images does not answer',
      advice: 'Check the network of the engine, or build on a base that is there already.',
    },
  ],
  [
    /layer does not exist|failed to get digest|invalid checksum|input\/output error|error reading layer|lstat .*overlay2/i,
    {
      code: 'image_unavailable',
      message: 'the image is damaged in the folder of the engine',
      advice: 'Remove the image and build it anew: soulbox images build.',
    },
  ],
  [
    /seccomp/i,
    {
      code: 'sandbox_unavailable',
      message: 'the engine cannot hold the filter on system calls',
      advice: 'Use an engine and a kernel with seccomp (CONFIG_SECCOMP_FILTER): docker info lists it under security.',
    },
  ],
  [
    /unknown or invalid runtime|unknown runtime/i,
    {
      code: 'sandbox_unavailable',
      message: 'the engine does not have the configured runtime',
      advice:
        'Install the runtime and name it in the configuration of the engine, or remove "runtime" from the plugin.',
    },
  ],
];

/** Whether there was no answer at all: then the next call will hardly fare better. */
export function isUnanswered(thrown: unknown): boolean {
  return isSoulboxError(thrown)
    ? thrown.code === 'runtime_unavailable'
    : (thrown as EngineFailure).statusCode === undefined;
}

/** Whether the engine answered that it does not have what it was asked about. */
export function isMissing(error: unknown): boolean {
  return isSoulboxError(error) && error.code === 'not_found';
}

/**
 * Makes a SoulboxError of whatever a call to the engine threw. The engine's own words may name host paths: they are
 * the cause, for the log, and never the message. `what` completes "the engine could not …".
 */
export function engineError(thrown: unknown, what: string): SoulboxError {
  if (isSoulboxError(thrown)) return thrown;
  const failure = thrown as EngineFailure;
  const explained =
    failure.statusCode === undefined
      ? (unconnected[failure.code ?? ''] ?? broken(what))
      : (answers.find(([pattern]) => pattern.test(failure.message))?.[1] ?? refused(failure.statusCode, what));
  return new SoulboxError(explained.code, explained.message, {
    details: { advice: [explained.advice] },
    cause: thrown,
  });
}

/** The error that a container's process amounts to by what it wrote to standard error before it ended; if it is known. */
export function saidByProcess(text: string): SoulboxError | undefined {
  const explained = answers.find(([pattern]) => pattern.test(text))?.[1];
  return explained && explain(explained, new Error(text));
}

function explain({ code, message, advice }: Explanation, cause: unknown): SoulboxError {
  return new SoulboxError(code, message, { details: { advice: [advice] }, cause });
}

function broken(what: string): Explanation {
  return {
    code: 'runtime_unavailable',
    message: `the connection to the Docker engine broke while it should ${what}`,
    advice: 'Look at the log of the engine; the host tries again by itself.',
  };
}

function refused(status: number, what: string): Explanation {
  if (status === 404)
    return { code: 'not_found', message: `the engine does not have what it should ${what}`, advice: '' };
  if (status === 409) return { code: 'conflict', message: `the engine is in no state to ${what}`, advice: '' };
  return {
    code: status >= 500 ? 'runtime_unavailable' : 'sandbox_unavailable',
    message: `the Docker engine refused to ${what} (status ${status})`,
    advice: 'The log of the host has what the engine said.',
  };
}
