import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the only compiler to use; by default every g++ and clang++ found is. */
  command: z.string().min(1).optional(),
  /** What drivers know the image by that runs this language. */
  image: z.string().min(1).optional(),
  /** The language that compilers take programs for, as their option -std names it. */
  standard: z
    .string()
    .regex(/^(c|gnu)\+\+[0-9a-z]{2}$/, 'must be one like gnu++20')
    .default('gnu++20'),
  /** Further options of the compiler. */
  options: z.array(z.string().min(1)).default(['-O1']),
});
export type Config = z.infer<typeof ConfigSchema>;
