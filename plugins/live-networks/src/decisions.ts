import { z } from '@soulbox/plugin-sdk';

export const DecisionSchema = z.object({
  at: z.string(),
  what: z.enum(['name', 'connection']),
  name: z.string().nullable(),
  /** The one that was connected to, or would have been. */
  address: z.string().nullable(),
  port: z.number().nullable(),
  verdict: z.enum(['allowed', 'refused', 'failed']),
  /** `mode`, `not_allowed`, `denied`, `closed_range`, `unknown_name`, `overloaded`, or of the system: `ECONNREFUSED`. */
  reason: z.string().nullable(),
});
export type Decision = z.infer<typeof DecisionSchema>;

/** The newest decisions on one sandbox, and how many there were. */
export class Decisions {
  readonly #most: number;
  readonly #kept: Decision[] = [];
  readonly #counts = { allowed: 0, refused: 0, failed: 0 };

  constructor(most: number) {
    this.#most = most;
  }

  add({
    name = null,
    address = null,
    port = null,
    reason = null,
    ...rest
  }: Partial<Decision> & Pick<Decision, 'what' | 'verdict'>): void {
    this.#kept.push({ at: new Date().toISOString(), name, address, port, reason, ...rest });
    if (this.#kept.length > this.#most) this.#kept.shift();
    this.#counts[rest.verdict]++;
  }

  /** The oldest first. */
  get kept(): readonly Decision[] {
    return this.#kept;
  }

  get counts(): Readonly<Record<Decision['verdict'], number>> {
    return this.#counts;
  }
}
