import type { LanguageRuntime, SandboxDriver } from '@soulbox/plugin-sdk';
import type { KnownLanguage } from './languages.ts';
import type { Place } from './placement.ts';

interface Proof {
  readonly runtime: LanguageRuntime;
  readonly driver: SandboxDriver;
  readonly digest: string | undefined;
  outcome: Promise<string | undefined>;
  /** What went wrong the last time. */
  problem: string | undefined;
  /** When a canary that failed is run again. */
  again: number;
}

const againMs = 10_000;

/** What languages have shown by their canaries: whether they work in the places where they are to run. */
export class Proofs {
  private readonly canary: (language: KnownLanguage, place: Place) => Promise<string | undefined>;
  private readonly proofs = new Map<string, Proof>();

  /** `canary` resolves with what is wrong, and never rejects. */
  constructor(canary: Proofs['canary']) {
    this.canary = canary;
  }

  /** What is wrong with a language in a place; `undefined` once its canary has printed what it should. Never rejects. */
  of(language: KnownLanguage, place: Place): Promise<string | undefined> {
    const present = this.kept(language, place);
    return present && performance.now() < present.again ? present.outcome : this.anew(language, place);
  }

  /** The same, whatever was shown before. */
  anew(language: KnownLanguage, place: Place): Promise<string | undefined> {
    const { runtime } = language;
    const { chosen, digest } = place;
    // What fails once need not fail: a machine that is just recovering from a crash may have been short of something.
    const twice = this.canary(language, place).then((problem) => problem && this.canary(language, place));
    const outcome = twice.then((problem) => {
      proof.problem = problem;
      if (problem !== undefined) proof.again = performance.now() + againMs;
      return problem;
    });
    const problem = this.kept(language, place)?.problem;
    const proof: Proof = { runtime, driver: chosen.driver, digest, outcome, problem, again: Infinity };
    this.proofs.set(keyOf(language, place), proof);
    return outcome;
  }

  /** What was wrong the last time, if anything was: then it is tried again now and then, and used when it works. */
  problem(language: KnownLanguage, place: Place): string | undefined {
    const present = this.kept(language, place);
    if (present?.problem !== undefined && performance.now() >= present.again) void this.of(language, place);
    return present?.problem;
  }

  private kept(language: KnownLanguage, place: Place): Proof | undefined {
    if (this.proofs.size === 0) return undefined;
    const proof = this.proofs.get(keyOf(language, place));
    const same =
      proof?.runtime === language.runtime && proof.driver === place.chosen.driver && proof.digest === place.digest;
    return same ? proof : undefined;
  }
}

function keyOf({ info }: KnownLanguage, { chosen }: Place): string {
  return `${info.name} ${chosen.name}`;
}
