import type { Enforcement } from '@soulbox/plugin-sdk';

const delegation =
  'For limits held by cgroups, run the host as root or in a delegated cgroup: systemd-run --user --scope -p Delegate=yes soulbox start';

/** What an operator can do to have more enforced by this driver. */
export function adviceFor(enforced: Enforcement): string[] {
  const advice: string[] = [];
  if (![enforced.memory, enforced.processes, enforced.cpu].every((held) => held.startsWith('cgroup-')))
    advice.push(delegation);
  if (enforced.user !== 'own-uid')
    advice.push(
      'For host uids of their own, run the host as root: it gives each sandbox a block and keeps none of its power.',
    );
  if (enforced.seccomp === 'none') advice.push('Use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER).');
  return advice;
}
