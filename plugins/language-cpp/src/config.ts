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
  /** Where precompiled headers are kept; by default in the user's cache folder. */
  cache: z.string().startsWith('/').optional(),
  /** Sets of the library's headers that GCC keeps precompiled, for programs that begin with all of one. */
  precompiled: z
    .array(z.array(z.string().regex(/^([a-z_]+|bits\/stdc\+\+\.h)$/, 'must be a header of the library')).min(1))
    .max(32)
    .default([
      ['bits/stdc++.h'],
      ['iostream'],
      ['iostream', 'vector'],
      ['iostream', 'vector', 'algorithm'],
      ['iostream', 'string', 'vector', 'map', 'algorithm'],
    ]),
});
export type Config = z.infer<typeof ConfigSchema>;
