import { availableParallelism } from 'node:os';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { delay, unlessAborted } from '../deadline.ts';
import type { Host } from '../host.ts';
import type { KnownLanguage } from '../sandboxes/languages.ts';
import { ms, type Paint, type Say } from './terminal.ts';

/** What is tried at one time leaves half of the machine to programs. */
const atOnce = Math.max(1, Math.floor(availableParallelism() / 2));
/** One that takes longer, as for what it does once on a machine, does not keep the others from their turn. */
const patienceMs = 2_000;

/**
 * Tries every language of a host that serves already, so that the first program in each need not wait for that, and no
 * more at a time than leave room for programs.
 */
export class LanguageReport {
  private readonly host: Host;
  private readonly say: Say;
  private readonly paint: Paint;
  private readonly ended = new AbortController();

  constructor(host: Host, say: Say, paint: Paint) {
    this.host = host;
    this.say = say;
    this.paint = paint;
  }

  /** Says of each language what becomes of its canary, or after `canaryMs` of its own that it is not ready yet. Never rejects. */
  async tell(canaryMs: number): Promise<void> {
    try {
      await this.host.warm(atOnce);
      await this.line(this.paint('bold', 'languages'));
      await this.tellAll([...(await this.host.languages.list())], canaryMs);
    } catch (thrown) {
      if (!this.ended.signal.aborted) this.host.log.error({ err: thrown }, 'the languages could not be tried');
    }
  }

  /** Nothing more is said. */
  end(): void {
    this.ended.abort();
  }

  private async tellAll(waiting: KnownLanguage[], canaryMs: number): Promise<void> {
    const told: Promise<void>[] = [];
    const work = async (): Promise<void> => {
      for (let known = waiting.shift(); known && !this.ended.signal.aborted; known = waiting.shift()) {
        const telling = this.tellOne(known, canaryMs);
        told.push(telling);
        await Promise.race([telling, delay(patienceMs, this.ended.signal)]);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    await Promise.all(told);
  }

  private async tellOne(known: KnownLanguage, canaryMs: number): Promise<void> {
    const line = await unlessAborted(this.outcome(known), AbortSignal.timeout(canaryMs));
    const { name, version } = known.info;
    await this.line(line ?? `  ${name.padEnd(24)} ${version.padEnd(8)} ${this.paint('yellow', 'not ready yet')}`);
  }

  private async outcome(known: KnownLanguage): Promise<string> {
    const { placement } = this.host;
    const startedAt = performance.now();
    const { available, reason, version } = await placement.describeOne(known);
    const name = `  ${known.info.name.padEnd(24)} ${version.padEnd(8)}`;
    if (!available) return `${name} ${this.paint('yellow', 'missing')}  ${reason}`;
    try {
      await placement.prove(known);
      return `${name} ${this.paint('green', 'canary ok')} ${ms(performance.now() - startedAt)}`;
    } catch (thrown) {
      if (!isSoulboxError(thrown)) throw thrown;
      return `${name} ${this.paint('red', 'not usable')} ${thrown.message}`;
    }
  }

  private async line(text: string): Promise<void> {
    if (!this.ended.signal.aborted) await this.say(text);
  }
}
