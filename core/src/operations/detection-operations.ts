import { defineOperation, z } from '@soulbox/plugin-sdk';
import { detectLanguage } from '../detection/detect.ts';
import type { Languages } from '../sandboxes/languages.ts';
import type { OperationCatalogue } from './catalogue.ts';

const LikelihoodSchema = z.number().min(0).max(1);

const detect = defineOperation({
  name: 'languages.detect',
  summary: 'Tells the language of a program by its file name, its first line or its text.',
  params: z
    .strictObject({
      fileName: z.string().min(1).max(4_096).optional(),
      code: z.string().optional(),
    })
    .refine(({ fileName, code }) => fileName !== undefined || code !== undefined, 'needs fileName, code or both'),
  result: z.object({
    /** `null` where nothing tells, or several are about as likely. */
    language: z.string().nullable(),
    confidence: LikelihoodSchema,
    by: z.enum(['name', 'shebang', 'content']).nullable(),
    /** The likeliest first. */
    candidates: z.array(z.object({ language: z.string(), confidence: LikelihoodSchema })),
  }),
  permission: 'languages:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
});

export const detectionOperations = [detect] as const;

export function addDetectionOperations(catalogue: OperationCatalogue, languages: Languages): void {
  catalogue.add('core', detect, async (params) => {
    const { candidates, ...rest } = detectLanguage(params, await languages.abouts());
    return { ...rest, candidates: [...candidates] };
  });
}
