import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the interpreter. */
  command: z.string().min(1).default('python3'),
  /** Whether programs see the third-party packages installed for that interpreter. */
  packages: z.boolean().default(true),
});
export type Config = z.infer<typeof ConfigSchema>;
