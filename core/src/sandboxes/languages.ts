import type { Logger } from 'pino';
import {
  LanguageDetectionSchema,
  LanguageRuntime,
  parse,
  SoulboxError,
  toSoulboxError,
  z,
  type LanguageInfo,
} from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import type { Services } from '../services.ts';

export interface KnownLanguage {
  readonly runtime: LanguageRuntime;
  readonly info: LanguageInfo;
}

const describeMs = 10_000;

const LanguageInfoSchema: z.ZodType<LanguageInfo> = z.object({
  name: z.string().min(1),
  aliases: z.array(z.string()),
  extensions: z.array(z.string()),
  detection: LanguageDetectionSchema.exactOptional(),
  version: z.string(),
  available: z.boolean(),
  reason: z.string().nullable(),
  versions: z.array(z.string()).exactOptional(),
  paths: z.array(z.string()),
  image: z.object({ reference: z.string().min(1), folder: z.string().min(1) }).exactOptional(),
  canary: z.object({ code: z.string(), stdout: z.string() }),
});

/** The languages that plugins brought, by name and alias. */
export class Languages {
  private readonly services: Services;
  private readonly log: Logger;
  private known = new Map<string, KnownLanguage>();
  private described: ReadonlySet<LanguageRuntime> = new Set();

  constructor(services: Services, log: Logger) {
    this.services = services;
    this.log = log;
  }

  /** All of them, by name. Asks each runtime once, and again after plugins came or went. */
  async list(): Promise<readonly KnownLanguage[]> {
    const runtimes = this.services.all<LanguageRuntime>(LanguageRuntime);
    const present = new Set(runtimes.values());
    if (present.size !== this.described.size || [...present].some((r) => !this.described.has(r))) {
      const all = await Promise.all([...runtimes].map(([name, runtime]) => this.describe(name, runtime)));
      this.known = new Map(all.map((language) => [language.info.name, language]));
      this.described = present;
    }
    return [...this.known.values()].toSorted((a, b) => a.info.name.localeCompare(b.info.name));
  }

  private async describe(name: string, runtime: LanguageRuntime): Promise<KnownLanguage> {
    try {
      const late = () => new SoulboxError('plugin_timeout', `it was not described within ${describeMs} ms`);
      const info = await withDeadline(runtime.describe(), describeMs, late);
      return { runtime, info: asKnown(name, parse(LanguageInfoSchema, info, 'plugin_failed')) };
    } catch (thrown) {
      this.log.error({ err: thrown, language: name }, 'a language could not be described');
      const reason = toSoulboxError(thrown).message;
      const info: LanguageInfo = {
        name,
        aliases: [],
        extensions: [],
        version: '',
        available: false,
        reason,
        paths: [],
        canary: { code: '', stdout: '' },
      };
      return { runtime, info };
    }
  }

  /** Whether it can be used is for its place to say. @throws language_unknown */
  async find(name: string): Promise<KnownLanguage> {
    const all = await this.list();
    const wanted = name.toLowerCase();
    const found = this.known.get(wanted) ?? all.find((language) => language.info.aliases.includes(wanted));
    if (!found) {
      const languages = all.map((language) => language.info.name);
      throw new SoulboxError('language_unknown', `there is no language "${name.slice(0, 64)}" here`, {
        details: { field: 'language', languages },
      });
    }
    return found;
  }

  /** What boxes need to run every language that is available. */
  async paths(): Promise<string[]> {
    const all = await this.list();
    return [...new Set(all.filter((l) => l.info.available).flatMap((l) => l.info.paths))].toSorted();
  }
}

/** A second instance of a language, provided as `name@suffix`, is asked for by that name. */
function asKnown(name: string, info: LanguageInfo): LanguageInfo {
  const at = name.indexOf('@');
  if (at < 0) return info;
  const suffix = name.slice(at);
  return { ...info, name: info.name + suffix, aliases: info.aliases.map((alias) => alias + suffix) };
}
