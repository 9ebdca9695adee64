import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of Node.js; by default the one that runs the host. */
  command: z.string().min(1).optional(),
});
export type Config = z.infer<typeof ConfigSchema>;
