import type { Logger } from 'pino';
import {
  matchVersion,
  isSoulboxError,
  SoulboxError,
  type ErrorCode,
  type ImageReport,
  type Limits,
  type ToolchainSource,
} from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { runCanary } from './canary.ts';
import type { KnownLanguage, Languages } from './languages.ts';
import type { BoxBase, BoxLease, BoxPool } from './pool.ts';
import type { Pools } from './pools.ts';
import { Proofs } from './proofs.ts';
import type { ChosenDriver, DriverStatus, SandboxRegistry } from './registry.ts';

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

interface Found {
  readonly place: Place;
  /** Whether no driver stands before it in the order that could not be used. */
  readonly isFirstChoice: boolean;
}

interface Kept {
  readonly language: KnownLanguage;
  readonly finding: Promise<Found>;
  until: number;
  /** What {@link finding} found. */
  found: Found | undefined;
}

/** What may have changed is looked at again after so long: images built anew, and drivers that could not be used. */
const againMs = 10_000;
/** Why a place is given up: no box can be made there. */
const unavailableCodes: ReadonlySet<ErrorCode> = new Set([
  'sandbox_unavailable',
  'runtime_unavailable',
  'image_unavailable',
]);

/** Finds the driver for each language: the first in its order that works, has the toolchain, and runs the canary. */
export class Placement {
  private readonly parts: PlacementParts;
  private readonly kept = new Map<string, Kept>();
  private readonly proofs = new Proofs((language, place) => this.tryCanary(language, place));

  private readonly closed = new AbortController();

  constructor(parts: PlacementParts) {
    this.parts = parts;
  }

  /** Ends the canaries that run. */
  close(): void {
    this.closed.abort();
  }

  /**
   * The place for a language, kept as long as its plugins are up and its canary does not fail there.
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

  /**
   * Runs a language's canary in its place. Where that fails, the language is not used there until it works.
   * @throws as {@link find}, where there is no other place
   */
  async prove(language: KnownLanguage): Promise<void> {
    const place = await this.keptOrFound(language);
    const problem = await this.proofs.of(language, place);
    if (problem === undefined) return;
    this.tellFailure(language, place, problem);
    await this.keptOrFound(language);
  }

  private tellFailure({ info }: KnownLanguage, { chosen }: Place, problem: string): void {
    if (this.closed.signal.aborted) return;
    this.parts.log.warn({ language: info.name, driver: chosen.name, problem }, 'a canary failed');
  }

  /** One language, with where it runs or why it does not. */
  async describeOne(language: KnownLanguage): Promise<LanguageStatus> {
    try {
      const { chosen, version, versions } = await this.keptOrFound(language);
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
    const { registry } = this.parts;
    const present = this.kept.get(name);
    if (present?.language.runtime === language.runtime) {
      const isFresh = performance.now() < present.until;
      const place = isFresh ? (present.found ?? (await present.finding)).place : stopgapOf(present);
      if (place && registry.isCurrent(place.chosen) && this.proofs.problem(language, place) === undefined) {
        if (!isFresh) this.lookAgain(language, present);
        return this.withPaths(place, present);
      }
    }
    const kept: Kept = { language, finding: this.search(language), until: Infinity, found: undefined };
    this.kept.set(name, kept);
    try {
      return settle(kept, await kept.finding).place;
    } catch (thrown) {
      // What was missing may be there at the next try.
      if (this.kept.get(name) === kept) this.kept.delete(name);
      throw thrown;
    }
  }

  /** A stopgap stays in use meanwhile: what is preferred to it may take long to tell that it still does not work. */
  private lookAgain(language: KnownLanguage, present: Kept): void {
    const { name } = language.info;
    const finding = this.search(language);
    const kept: Kept = { language, finding, until: Infinity, found: undefined };
    present.until = performance.now() + againMs;
    const replace = (found: Found) => {
      settle(kept, found);
      if (this.kept.get(name) === present) this.kept.set(name, kept);
    };
    finding.then(replace).catch((thrown: unknown) => {
      this.parts.log.warn({ err: thrown, language: name }, 'no other driver could be looked for');
    });
  }

  /** Other languages may have come since. */
  private withPaths(place: Place, kept: Kept): Place {
    const paths = this.parts.languages.boxPaths();
    if (place.toolchain !== 'host' || place.base.paths === paths) return place;
    const renewed = { ...place, base: { paths } };
    if (kept.found) kept.found = { ...kept.found, place: renewed };
    return renewed;
  }

  private async search(language: KnownLanguage): Promise<Found> {
    const { registry } = this.parts;
    const drivers: DriverStatus[] = [];
    const lacking: PlaceStatus[] = [];
    const able: Found[] = [];
    const fails = (place: Place, problem: string) => {
      lacking.push({ driver: place.chosen.name, problem: `its canary failed: ${problem}`, version: place.version });
    };
    for await (const candidate of registry.inOrder(this.orderOf(language))) {
      if (!('driver' in candidate)) drivers.push(candidate);
      else {
        const place = await this.placeIn(language, candidate);
        const known = 'base' in place ? this.proofs.problem(language, place) : undefined;
        if (!('base' in place)) lacking.push(place);
        else if (known !== undefined) fails(place, known);
        else able.push({ place, isFirstChoice: drivers.length + lacking.length === 0 });
      }
    }
    const [only] = able;
    if (only && able.length === 1) return only;
    // Where there is a choice, the better one must have shown that it works.
    for (const { place, isFirstChoice } of able) {
      const problem = await this.proofs.anew(language, place);
      if (problem === undefined) return { place, isFirstChoice: isFirstChoice && place === only?.place };
      this.tellFailure(language, place, problem);
      fails(place, problem);
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
      return { chosen, toolchain, version, versions, base: { paths: this.parts.languages.boxPaths() } };
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
    const options = { limits: this.parts.limits, signal: this.closed.signal };
    return runCanary(language, place, this.pool(place), options);
  }

  /** The boxes for a place, with the dependencies of `layer`. */
  pool({ chosen, base }: Place, layer?: string): BoxPool {
    return this.parts.pools.of(chosen, base, layer);
  }

  /**
   * A box for a tenant there. Where none can be made, the next execution looks for a place anew.
   * @throws sandbox_unavailable, runtime_unavailable, image_unavailable, draining
   */
  async lease(language: KnownLanguage, place: Place, tenant: string, layer?: string): Promise<BoxLease> {
    try {
      const paths = place.toolchain === 'host' ? language.info.paths : [];
      return await this.pool(place, layer).acquire(tenant, paths);
    } catch (thrown) {
      if (isSoulboxError(thrown) && unavailableCodes.has(thrown.code)) this.giveUp(language, place);
      throw thrown;
    }
  }

  private giveUp({ info }: KnownLanguage, { chosen }: Place): void {
    // Others may have been told the same, and another place be found by now.
    if (this.kept.get(info.name)?.found?.place.chosen !== chosen) return;
    this.parts.log.warn(
      { language: info.name, driver: chosen.name },
      'no box could be made; a place is looked for anew',
    );
    this.parts.registry.forget(chosen);
    this.kept.delete(info.name);
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

/** Images may be built anew, and drivers that could not be used may come to work. */
function settle(kept: Kept, found: Found): Found {
  const isLasting = found.isFirstChoice && found.place.toolchain === 'host';
  kept.until = isLasting ? Infinity : performance.now() + againMs;
  kept.found = found;
  return found;
}

/** The place found, where a driver that could not be used is preferred to it. */
function stopgapOf({ found }: Kept): Place | undefined {
  return found?.isFirstChoice === false ? found.place : undefined;
}

function unavailable({ info }: KnownLanguage, places: readonly PlaceStatus[]): SoulboxError {
  const reasons = [...new Set(places.map(({ problem }) => problem))];
  const told = places.length === 1 || reasons.length === 1 ? reasons : places.map((p) => `${p.driver}: ${p.problem}`);
  return new SoulboxError('language_unavailable', `${info.name}: ${told.join('; ')}`, {
    details: { field: 'language', drivers: places.map(({ driver, problem }) => ({ driver, problem })) },
  });
}
