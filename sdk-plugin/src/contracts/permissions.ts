import { z } from 'zod';

/**
 * What a plugin wants to be allowed. Shown and confirmed when it is added. Hooks and operations are held for every
 * plugin; the rest where it runs in a process of its own and the Node.js version can hold it.
 */
export const PermissionsSchema = z.strictObject({
  /** Hooks of the host that it taps; `*` stands for all that are not privileged. Hooks of its own need no mention. */
  hooks: z.array(z.string().min(1)).default([]),
  /** Operations that it adds; `*` stands for any. */
  operations: z.array(z.string().min(1)).default([]),
  /** Hosts that it talks to, such as `hooks.example.com:443`; `*` for any. */
  network: z.array(z.string().min(1)).default([]),
  /** Absolute paths beyond its own package and data folder; `*` for everything. */
  files: z
    .strictObject({
      read: z.array(z.string().min(1)).default([]),
      write: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  /** Whether it starts programs. */
  processes: z.boolean().default(false),
  /** Whether it loads modules of native code, which no permission of Node.js can hold. */
  addons: z.boolean().default(false),
  /** Whether it starts threads, to which the permissions of Node.js do not extend. */
  workers: z.boolean().default(false),
  /** Environment variables that it reads. */
  secrets: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable')).default([]),
  /** Whether it uses the Docker engine of this machine, which is as good as being its administrator. */
  docker: z.boolean().default(false),
});
export type Permissions = z.infer<typeof PermissionsSchema>;
