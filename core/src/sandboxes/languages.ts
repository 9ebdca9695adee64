import type { Logger } from 'pino';
import {
  LanguageDetectionSchema,
  LanguageRuntime,
  parse,
  SoulboxError,
  toSoulboxError,
  z,
  type LanguageAbout,
  type LanguageInfo,
} from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import type { Services } from '../services.ts';

export interface KnownLanguage {
  readonly runtime: LanguageRuntime;
  readonly info: LanguageInfo;
}

const describeMs = 10_000;

const aboutShape = {
  name: z.string().min(1),
  aliases: z.array(z.string()),
  extensions: z.array(z.string()),
  detection: LanguageDetectionSchema.exactOptional(),
};
const LanguageAboutSchema: z.ZodType<LanguageAbout> = z.object(aboutShape);
const LanguageInfoSchema: z.ZodType<LanguageInfo> = z.object({
  ...aboutShape,
  version: z.string(),
  available: z.boolean(),
  reason: z.string().nullable(),
  versions: z.array(z.string()).exactOptional(),
  paths: z.array(z.string()),
  image: z.object({ reference: z.string().min(1), folder: z.string().min(1) }).exactOptional(),
  canary: z.object({ code: z.string(), stdout: z.string() }),
});

/** A runtime with what it has told so far. */
interface Entry {
  readonly runtime: LanguageRuntime;
  about: Promise<LanguageAbout> | undefined;
  described: Promise<KnownLanguage> | undefined;
  known: KnownLanguage | undefined;
  /** Whether boxes are made for it. */
  inBoxes: boolean;
}

/** The languages that plugins brought, by name and alias. Each is asked once, when it is wanted. */
export class Languages {
  private readonly services: Services;
  private readonly log: Logger;
  /** By the names under which they are provided. */
  private readonly entries = new Map<string, Entry>();
  private paths: readonly string[] | undefined;

  constructor(services: Services, log: Logger) {
    this.services = services;
    this.log = log;
  }

  /** Those whose plugins are up. What others told is forgotten. */
  private present(): ReadonlyMap<string, Entry> {
    const runtimes = this.services.all<LanguageRuntime>(LanguageRuntime);
    for (const [name, { runtime }] of this.entries)
      if (runtimes.get(name) !== runtime) {
        this.entries.delete(name);
        this.paths = undefined;
      }
    if (this.entries.size === runtimes.size) return this.entries;
    for (const [name, runtime] of runtimes)
      if (!this.entries.has(name))
        this.entries.set(name, { runtime, about: undefined, described: undefined, known: undefined, inBoxes: false });
    return this.entries;
  }

  /** All of them, by name; so many are asked at one time. From then on boxes are made for all. */
  async list(atOnce: number = Infinity): Promise<readonly KnownLanguage[]> {
    const entries = [...this.present()];
    const waiting = [...entries];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.describe(...next);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, entries.length) }, work));
    const all = await Promise.all(entries.map(([name, entry]) => this.describe(name, entry)));
    for (const [, entry] of entries) this.include(entry);
    return all.toSorted((a, b) => a.info.name.localeCompare(b.info.name));
  }

  /** What is known of each without its toolchain, where its plugin can tell that apart; by name. */
  async abouts(): Promise<readonly LanguageAbout[]> {
    const all = await Promise.all([...this.present()].map(([name, entry]) => this.about(name, entry)));
    return all.toSorted((a, b) => a.name.localeCompare(b.name));
  }

  private about(name: string, entry: Entry): Promise<LanguageAbout> {
    entry.about ??= this.askAbout(name, entry);
    return entry.about;
  }

  private async askAbout(name: string, entry: Entry): Promise<LanguageAbout> {
    const { runtime } = entry;
    if (!runtime.about) return (await this.describe(name, entry)).info;
    try {
      const late = () => new SoulboxError('plugin_timeout', `it did not tell about itself within ${describeMs} ms`);
      const about = await withDeadline(runtime.about(), describeMs, late);
      return asKnown(name, parse(LanguageAboutSchema, about, 'plugin_failed'));
    } catch {
      // What is wrong with it is told where it is described.
      return (await this.describe(name, entry)).info;
    }
  }

  private describe(name: string, entry: Entry): Promise<KnownLanguage> {
    entry.described ??= this.askToDescribe(name, entry);
    return entry.described;
  }

  private async askToDescribe(name: string, entry: Entry): Promise<KnownLanguage> {
    const { runtime } = entry;
    entry.known = { runtime, info: await this.infoOf(name, runtime) };
    return entry.known;
  }

  private async infoOf(name: string, runtime: LanguageRuntime): Promise<LanguageInfo> {
    try {
      const late = () => new SoulboxError('plugin_timeout', `it was not described within ${describeMs} ms`);
      const info = await withDeadline(runtime.describe(), describeMs, late);
      return asKnown(name, parse(LanguageInfoSchema, info, 'plugin_failed'));
    } catch (thrown) {
      this.log.error({ err: thrown, language: name }, 'a language could not be described');
      const reason = toSoulboxError(thrown).message;
      return {
        name,
        aliases: [],
        extensions: [],
        version: '',
        available: false,
        reason,
        paths: [],
        canary: { code: '', stdout: '' },
      };
    }
  }

  /**
   * Describes one, and no other where its plugin provides it under the name that is asked for. Whether it can be used is
   * for its place to say.
   * @throws language_unknown
   */
  async find(name: string): Promise<KnownLanguage> {
    const wanted = name.toLowerCase();
    const entry = this.present().get(wanted);
    const known = entry && (entry.known ?? (await this.describe(wanted, entry)));
    if (known?.info.name !== wanted) return this.findByAbout(name, wanted);
    this.include(entry!);
    return known;
  }

  private async findByAbout(name: string, wanted: string): Promise<KnownLanguage> {
    const all = await Promise.all(
      [...this.present()].map(async ([key, entry]) => ({ key, entry, about: await this.about(key, entry) })),
    );
    const found =
      all.findLast(({ about }) => about.name === wanted) ?? all.find(({ about }) => about.aliases.includes(wanted));
    if (!found) {
      const languages = all.map(({ about }) => about.name).toSorted();
      throw new SoulboxError('language_unknown', `there is no language "${name.slice(0, 64)}" here`, {
        details: { field: 'language', languages },
      });
    }
    const known = await this.describe(found.key, found.entry);
    this.include(found.entry);
    return known;
  }

  private include(entry: Entry): void {
    if (entry.inBoxes) return;
    entry.inBoxes = true;
    this.paths = undefined;
  }

  /** What boxes need to run every language that was asked for and is available: the same array until that changes. */
  boxPaths(): readonly string[] {
    const entries = this.present();
    this.paths ??= pathsOf([...entries.values()]);
    return this.paths;
  }
}

function pathsOf(entries: readonly Entry[]): readonly string[] {
  const wanted = entries.flatMap(({ inBoxes, known }) => (inBoxes && known?.info.available ? known.info.paths : []));
  return [...new Set(wanted)].toSorted();
}

/** A second instance of a language, provided as `name@suffix`, is asked for by that name. */
function asKnown<T extends LanguageAbout>(name: string, info: T): T {
  const at = name.indexOf('@');
  if (at < 0) return info;
  const suffix = name.slice(at);
  return { ...info, name: info.name + suffix, aliases: info.aliases.map((alias) => alias + suffix) };
}
