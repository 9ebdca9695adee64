import { existsSync, readFileSync } from 'node:fs';
import { SoulboxError } from '../../src/errors.ts';

/** Kernel switches that forbid user namespaces, the value that does, and what to do. */
const userNamespaceSwitches: readonly (readonly [file: string, forbids: string, advice: string])[] = [
  ['sys/kernel/unprivileged_userns_clone', '0', 'Allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1'],
  ['sys/user/max_user_namespaces', '0', 'Allow user namespaces: sysctl -w user.max_user_namespaces=15000'],
  [
    'sys/kernel/apparmor_restrict_unprivileged_userns',
    '1',
    'AppArmor restricts user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or add a profile for the agent',
  ],
];

/**
 * Makes an error of the one line that the agent's launcher writes when it cannot build the box. The line itself may
 * name host paths and is kept for the log; the message holds the step only.
 */
export function launchFailure(line: string, cause: SoulboxError, proc = '/proc'): SoulboxError {
  if (cause.code === 'cancelled') return cause;
  const step = /^soulbox-agent: ([a-z0-9-]+)/.exec(line)?.[1];
  const reason = step === undefined ? 'the sandbox agent did not start' : `the sandbox cannot be built: ${step} failed`;
  return new SoulboxError('sandbox_unavailable', reason, {
    details: { ...(step === undefined ? {} : { step }), advice: adviceFor(step, proc) },
    cause: new Error(line === '' ? 'the agent said nothing' : line, { cause }),
  });
}

function adviceFor(step: string | undefined, proc: string): string[] {
  if (step === 'path') return ['Check that the paths of the toolchains exist and can be read by the host.'];
  const advice = userNamespaceSwitches
    .filter(([file, forbids]) => readSwitch(`${proc}/${file}`) === forbids)
    .map(([, , sentence]) => sentence);
  if (advice.length === 0 && existsSync('/.dockerenv'))
    advice.push(
      'In a container, give it a seccomp profile that allows unshare, clone and mount, or use another driver.',
    );
  return advice.length > 0 ? advice : ['The log of the host has what the agent said.'];
}

function readSwitch(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return undefined;
  }
}
