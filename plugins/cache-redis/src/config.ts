import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;
const aYearMs = 366 * 86_400_000;

function isPlace(url: string): boolean {
  return URL.canParse(url) && /^(\/\d*)?$/.test(new URL(url).pathname);
}

export const ConfigSchema = z.strictObject({
  /** `redis://`, `rediss://` for TLS, or `unix:` with the absolute path of a socket. User, password and database stand in it. */
  url: z
    .string()
    .regex(/^(rediss?:\/\/.|unix:\/)/, 'must begin with redis://, rediss:// or unix:/')
    .refine(
      (url) => url.startsWith('unix:') || isPlace(url),
      'must be of the form redis://USER:PASSWORD@HOST:PORT/NUMBER',
    )
    .default('redis://127.0.0.1:6379'),
  /** Signs what is kept. Hosts that share their entries have the same; by default each data folder has one of its own. */
  secret: z.string().min(32).max(4_096).optional(),
  /** What all keys begin with. By default `soulbox:` and the id of the data folder. */
  prefix: z.string().min(1).max(200).optional(),
  /** How long Redis may take to answer, in milliseconds. */
  timeoutMs: z.int().min(1).max(10_000).default(50),
  /** Larger values are neither kept nor read. */
  maxValueBytes: z
    .int()
    .min(1)
    .max(256 * mebibyte)
    .default(4 * mebibyte),
  /** The longest that anything is kept, in milliseconds. */
  ttlMs: z.int().min(1).max(aYearMs).default(86_400_000),
});
export type Config = z.infer<typeof ConfigSchema>;
