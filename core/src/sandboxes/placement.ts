import type { Logger } from 'pino';
import { SoulboxError, type ImageReport, type Limits, type ToolchainSource } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { runCanary } from './canary.ts';
import type { KnownLanguage, Languages } from './languages.ts';
import type { BoxBase, BoxPool } from './pool.ts';
import type { Pools } from './pools.ts';
import type { ChosenDriver, DriverStatus, SandboxRegistry } from './registry.ts';
import { matchVersion } from './versions.ts';

/** Where programs of a language run. */
export interface Place {
  readonly chosen: ChosenDriver;
  readonly toolchain: ToolchainSource;
  /** Of the toolchain there; `''` where an image does not tell. */
  readonly version: string;
  /** Every version that can be asked for there. */
  readonly versions: readonly string[];
  readonly base: BoxBase;
  /** Of the image, where there is one. */
  readonly digest?: string;
}

/** One driver as a place for a language, for people. `problem` is `null` where it can be used. */
export interface PlaceStatus {
  readonly driver: string;
  readonly problem: string | null;
  readonly version: string;
}

/** A language as clients hear of it. */
export interface LanguageStatus {
  readonly language: KnownLanguage;
  readonly available: boolean;
  readonly reason: string | null;
  /** `''` where it is not available, or its image does not tell. */
  readonly version: string;
  readonly versions: readonly string[];
  /** Where it runs; `null` where it is not available, or no sandbox is. */
  readonly driver: string | null;
}

export interface PlacementParts {
  readonly registry: SandboxRegistry;
  readonly languages: Languages;
  readonly pools: Pools;
  readonly settings: Config['sandbox'];
  readonly limits: Limits;
  readonly log: Logger;
}

interface Kept {
  readonly language: KnownLanguage;
  readonly finding: Promise<Place>;
  until: number;
}

/** What is known of an image is asked for again after so long: it may have been built anew. */
const imageMs = 10_000;

/** Finds the driver for each language: the first in its order that works, has the toolchain, and runs the canary. */
export class Placement {
  private readonly parts: PlacementParts;
  private readonly kept = new Map<string, Kept>();

  constructor(parts: PlacementParts) {
    this.parts = parts;
  }

  /**
   * The place for a language, kept as long as its plugins are up.
   * @throws sandbox_unavailable, isolation_insufficient; language_unavailable with what each driver lacks;
   *   language_unknown for a version that is not there.
   */
  async find(language: KnownLanguage, version?: string): Promise<Place> {
    const place = await this.keptOrFound(language);
    if (version === undefined) return place;
    const found = matchVersion(place.versions, version);
    if (found !== undefined) return { ...place, version: found };
    const { versions } = place;
    throw new SoulboxError(
      'language_unknown',
      `${language.info.name} has no version "${version}" here, only ${versions.join(', ')}`,
      { details: { field: 'version', versions } },
    );
  }

  /** Every language, with where it runs or why it does not. */
  async describe(): Promise<LanguageStatus[]> {
    const all = await this.parts.languages.list();
    return Promise.all(all.map((language) => this.describeOne(language)));
  }

  private async describeOne(language: KnownLanguage): Promise<LanguageStatus> {
    try {
      const { chosen, version, versions } = await this.find(language);
      return { language, available: true, reason: null, version, versions, driver: chosen.name };
    } catch (thrown) {
      if (!(thrown instanceof SoulboxError)) throw thrown;
      const { available, reason, version, versions = [version] } = language.info;
      // Without any sandbox the toolchain is all that there is to tell.
      if (thrown.code !== 'language_unavailable')
        return { language, available, reason, version, versions: available ? versions : [], driver: null };
      const why = thrown.message.slice(language.info.name.length + 2);
      return { language, available: false, reason: why, version: '', versions: [], driver: null };
    }
  }

  private async keptOrFound(language: KnownLanguage): Promise<Place> {
    const { name } = language.info;
    const present = this.kept.get(name);
    if (present?.language.runtime === language.runtime && performance.now() < present.until) {
      const place = await present.finding;
      if (this.parts.registry.isCurrent(place.chosen)) return this.withPaths(place);
    }
    const kept: Kept = { language, finding: this.search(language), until: Infinity };
    this.kept.set(name, kept);
    try {
      const place = await kept.finding;
      if (place.toolchain === 'image') kept.until = performance.now() + imageMs;
      return place;
    } catch (thrown) {
      // What was missing may be there at the next try.
      if (this.kept.get(name) === kept) this.kept.delete(name);
      throw thrown;
    }
  }

  /** Other languages may have come since. */
  private async withPaths(place: Place): Promise<Place> {
    return place.toolchain === 'host' ? { ...place, base: { paths: await this.parts.languages.paths() } } : place;
  }

  private async search(language: KnownLanguage): Promise<Place> {
    const { registry, log } = this.parts;
    const drivers: DriverStatus[] = [];
    const lacking: PlaceStatus[] = [];
    const able: Place[] = [];
    for await (const candidate of registry.inOrder(this.orderOf(language))) {
      if (!('driver' in candidate)) drivers.push(candidate);
      else {
        const place = await this.placeIn(language, candidate);
        if ('base' in place) able.push(place);
        else lacking.push(place);
      }
    }
    const [only] = able;
    if (only && able.length === 1) return only;
    // Where there is a choice, the better one must have shown that it works.
    for (const place of able) {
      const problem = await this.tryCanary(language, place);
      if (problem === undefined) return place;
      log.warn({ language: language.info.name, driver: place.chosen.name, problem }, 'a canary failed');
      lacking.push({ driver: place.chosen.name, problem: `its canary failed: ${problem}`, version: place.version });
    }
    if (lacking.length === 0) throw registry.unusable(drivers);
    throw unavailable(language, lacking);
  }

  private orderOf({ info }: KnownLanguage): readonly string[] | undefined {
    const { languages } = this.parts.settings;
    return Object.hasOwn(languages, info.name) ? languages[info.name] : undefined;
  }

  private async placeIn({ info }: KnownLanguage, chosen: ChosenDriver): Promise<Place | PlaceStatus> {
    const toolchain = chosen.report.toolchains ?? 'host';
    const lacks = (problem: string): PlaceStatus => ({ driver: chosen.name, problem, version: '' });
    if (toolchain === 'host') {
      if (!info.available) return lacks(info.reason ?? 'not available');
      const { version, versions = [version] } = info;
      return { chosen, toolchain, version, versions, base: { paths: await this.parts.languages.paths() } };
    }
    if (!info.image) return lacks('there is no image of it');
    const { reference } = info.image;
    const report = await this.askForImage(chosen, reference);
    if (!report.available) return lacks(report.reason ?? `image ${reference} is not available`);
    const version = report.labels['soulbox.language.version'] ?? '';
    const versions = report.labels['soulbox.language.versions']?.split(',') ?? [version];
    const digest = report.digest === null ? {} : { digest: report.digest };
    return { chosen, toolchain, version, versions, base: { paths: [], image: reference }, ...digest };
  }

  private async askForImage({ driver }: ChosenDriver, reference: string): Promise<ImageReport> {
    const { probeMs } = this.parts.settings;
    const abort = new AbortController();
    const absent = (reason: string) => ({ available: false, reason, digest: null, labels: {} });
    const late = () => {
      abort.abort();
      return new SoulboxError('plugin_timeout', `the driver did not tell of image ${reference} within ${probeMs} ms`);
    };
    if (!driver.image) return absent('its driver knows no images');
    try {
      return await withDeadline(driver.image(reference, { signal: abort.signal }), probeMs, late);
    } catch (thrown) {
      this.parts.log.error({ err: thrown, image: reference }, 'a driver did not tell of an image');
      return absent(thrown instanceof SoulboxError ? thrown.message : 'the driver failed');
    }
  }

  private tryCanary(language: KnownLanguage, place: Place): Promise<string | undefined> {
    return runCanary(language, place, this.pool(place), this.parts.limits);
  }

  /** The boxes for a place, with the dependencies of `layer`. */
  pool({ chosen, base }: Place, layer?: string): BoxPool {
    return this.parts.pools.of(chosen, base, layer);
  }

  /** Tries every driver for a language, canary and all, for people who want to know. */
  async survey(language: KnownLanguage): Promise<PlaceStatus[]> {
    const statuses: PlaceStatus[] = [];
    for await (const candidate of this.parts.registry.inOrder(this.orderOf(language))) {
      if (!('driver' in candidate)) {
        statuses.push({ driver: candidate.name, problem: candidate.problem, version: '' });
        continue;
      }
      const place = await this.placeIn(language, candidate);
      if (!('base' in place)) statuses.push(place);
      else {
        const problem = (await this.tryCanary(language, place)) ?? null;
        statuses.push({
          driver: place.chosen.name,
          problem: problem && `its canary failed: ${problem}`,
          version: place.version,
        });
      }
    }
    return statuses;
  }
}

function unavailable({ info }: KnownLanguage, places: readonly PlaceStatus[]): SoulboxError {
  const reasons = [...new Set(places.map(({ problem }) => problem))];
  const told = places.length === 1 || reasons.length === 1 ? reasons : places.map((p) => `${p.driver}: ${p.problem}`);
  return new SoulboxError('language_unavailable', `${info.name}: ${told.join('; ')}`, {
    details: { field: 'language', drivers: places.map(({ driver, problem }) => ({ driver, problem })) },
  });
}
