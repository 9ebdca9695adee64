/** What a program finds out about the walls around it, as words for the probe. */
export const wallDeeds: readonly (readonly string[])[] = [
  ...['/proc/self/fd', '/proc', '/', '/etc', '/home/sandbox', '/tmp', '/dev/shm'].map((folder) => ['list', folder]),
  ...['status', 'mountinfo', 'cgroup', 'limits', 'net/dev', 'oom_score_adj', 'setgroups'].map((file) => [
    'print',
    `/proc/self/${file}`,
  ]),
  ['attack-init'],
  ['write', '/home/sandbox/x', '/tmp/x', '/dev/shm/x', '/x', '/etc/x', '/proc/self/oom_score_adj', '/proc/1/mem'],
  ['links', '/proc/self/cwd', '/proc/self/root', '/proc/1/exe'],
  // On one architecture unshare of everything, mount, ptrace, setuid and keyctl; on others something else.
  ...['272 0x7e020000', '165', '101 16 1', '105 0', '250'].map((call) => ['call', ...call.split(' ')]),
];

const changing =
  /^(?:Vm|Rss|Hugetlb|voluntary|nonvoluntary|Pid|Tgid|NStgid|NSpid|NSpgid|NSsid|Ngid|Cpus|Mems|Name|FDSize|Shd|Sig[QPB]).*\n/gm;

/** What a probe has printed, without what differs from one run to the next: numbers of mounts, users and processes. */
export function plainText(printed: Uint8Array): string {
  return Buffer.from(printed)
    .toString('latin1')
    .replaceAll(/^\d+ \d+ \d+:\d+ /gm, '')
    .replaceAll(/,[ug]id=\d+/g, '')
    .replaceAll(changing, '');
}
