import { z } from 'zod';

/**
 * How a language keeps an interpreter that runs one cell after another and keeps its state: the process is started in
 * the sandbox with a control stream on its descriptor 3, and gets `preamble` there. It answers with the line
 * `{"type":"ready"}`. For each cell it then gets a line of two numbers, the cell's id and the bytes of its code, and the code. It
 * answers with lines of JSON as {@link ContextMessageSchema} has them, of which one of type `end` is the last. Standard output
 * and error are the cell's; what was written there before a line is told before it. SIGINT interrupts the cell that
 * runs, which then ends with an error, and means nothing between cells.
 */
export interface ContextPlan {
  readonly argv: readonly string[];
  /** Defaults, below those of the sandbox and the client. */
  readonly env: Readonly<Record<string, string>>;
  readonly preamble: Uint8Array;
}

export const ContextFrameSchema = z.object({
  /** `<cell-3>` for the third cell of the interpreter. */
  file: z.string().nullable(),
  line: z.number().nullable(),
  column: z.number().nullish(),
  function: z.string(),
  /** The line itself; `''` where it is not known. */
  source: z.string(),
});

export const ContextErrorSchema = z.object({
  /** The class of what was raised: `ZeroDivisionError`. */
  name: z.string(),
  message: z.string(),
  /** In the order of the language: of Python the innermost last, of JavaScript first. */
  frames: z.array(ContextFrameSchema),
  /** As the language prints it. */
  text: z.string(),
});
export type ContextError = z.infer<typeof ContextErrorSchema>;

/** A value in several forms: from MIME types to text, base64 for images and documents, or JSON for types that end in `json`. */
export const MimeBundleSchema = z.record(z.string(), z.unknown());

const cell = { id: z.number() };
export const ContextMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** `result` is the value of the cell's last expression, `display` what it showed on its way. */
  z.object({
    ...cell,
    type: z.enum(['display', 'result']),
    data: MimeBundleSchema,
    metadata: z.record(z.string(), z.unknown()),
  }),
  /** First: from here on an interrupt is the cell's. */
  z.object({ ...cell, type: z.literal('start') }),
  z.object({ ...cell, type: z.literal('error'), ...ContextErrorSchema.shape }),
  z.object({ ...cell, type: z.literal('end') }),
]);
export type ContextMessage = z.infer<typeof ContextMessageSchema>;

/** What is sent for a cell, or why it is not run at all. */
export type PreparedCell =
  { readonly ok: true; readonly code: string } | { readonly ok: false; readonly error: ContextError };
