import { z } from '@soulbox/plugin-sdk';
import { boxEnvironment } from '@soulbox/plugin-sdk/toolchain';

const mebibyte = 1024 * 1024;

/** The configuration of the plugin; every default is written here. */
export const ConfigSchema = z.strictObject({
  /** Variables of every process, below those of its sandbox and its own. */
  env: z.record(z.string().min(1), z.string()).default({ ...boxEnvironment }),
  /** How much of both streams `processes.run` collects where a request does not say. */
  collectedBytes: z.int().min(1).default(mebibyte),
  /** And at most. */
  mostCollectedBytes: z
    .int()
    .min(1)
    .default(16 * mebibyte),
});
export type Config = z.infer<typeof ConfigSchema>;
