import { z } from 'zod';

/** From weakest to strongest. `none` never runs anything. */
export const isolationLevels = ['none', 'weak', 'standard', 'strong'] as const;
export const IsolationLevelSchema = z.enum(isolationLevels);
/**
 * - `weak`: a wall is missing (no seccomp, say, or no limit on memory).
 * - `standard`: own user, pid, mount, ipc and net namespaces, read-only root, seccomp, no new privileges, and every limit holds.
 * - `strong`: standard, with limits held by cgroups and a host uid that no other sandbox and not the host uses.
 */
export type IsolationLevel = z.infer<typeof IsolationLevelSchema>;

const held = z.string();

/** What really holds an execution, each by the mechanism that holds it; `none` where nothing does. */
export const EnforcementSchema = z.object({
  level: IsolationLevelSchema,
  /** E.g. `user,pid,mount,ipc,net,uts,cgroup`. */
  namespaces: held,
  /** `own-uid`: a host uid of its own; `shared-uid`: the host's own unprivileged uid in a user namespace; `box-uid`: a uid that
   * the programs of one box share, and nobody else has. */
  user: held,
  /** E.g. `pivot-root,read-only`. */
  filesystem: held,
  /** `none`: no network at all is reachable. `gateway`: what the host decides on, connection by connection. */
  network: held,
  /** E.g. `filter`. */
  seccomp: held,
  /** `cgroup-v2`, `cgroup-v1` or `rlimit,watchdog`. */
  memory: held,
  processes: held,
  cpu: held,
  /** E.g. `tmpfs`. */
  disk: held,
  /** E.g. `agent`. */
  output: held,
  wall: held,
});
export type Enforcement = z.infer<typeof EnforcementSchema>;

/** Whether `level` is at least `minimum`. */
export function reachesIsolation(level: IsolationLevel, minimum: IsolationLevel): boolean {
  return isolationLevels.indexOf(level) >= isolationLevels.indexOf(minimum);
}
