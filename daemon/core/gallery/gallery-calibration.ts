import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AlikePair, CalibratedPerson, GalleryCalibrationReport } from '../../contract/gallery.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { defect, isRollcallError } from '../../kernel/errors.js';
import {
  calibrationSteps,
  type InseparablePair,
  inseparablePairSteps,
  type PersonLikeness,
  type PersonThreshold,
  type ThresholdReason,
} from '../../kernel/identification/calibration.js';
import { type ExpectedRates, expectedRates } from '../../kernel/identification/expected-rates.js';
import { type LookAlikes, lookAlikeSteps, pairKey } from '../../kernel/identification/look-alikes.js';
import type { MatchPolicy } from '../../kernel/identification/match.js';
import type { PersonId, RecogniserId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { damagedName } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { Recurring } from '../../kernel/recurring.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { failure } from '../../words/errors.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Gallery } from './gallery.js';
import type { GalleryVault } from './gallery-vault.js';
import type { PersonEntry } from './persons/person-entry.js';
import { LikenessTable } from './search/likeness-table.js';

export interface GalleryCalibrationOptions {
  readonly vault: Pick<GalleryVault, 'open' | 'requireOpen' | 'onChanged'>;
  readonly audit: Pick<AuditLog, 'append'>;
  /** The operating point in force. No person has a lower threshold. */
  readonly policy: () => Pick<MatchPolicy, 'threshold' | 'margin'>;
  readonly targetFpir: () => number | undefined;
  /** The highest similarity at which another person was taken for a person, of those that operators marked. */
  readonly falseMatches: () => ReadonlyMap<PersonId, number>;
  /** Today at the site, `YYYY-MM-DD`. A day begins at the hour of the nightly work. */
  readonly night: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const nightCheckEveryMs = 5 * 60_000;
const neighboursShown = 3;
/** Steps of a calculation between two turns of the event loop: one person each, about two milliseconds in all. */
const sliceSteps = 200;

/** The open gallery and how alike its persons are. */
interface Known {
  readonly gallery: Gallery;
  readonly table: LikenessTable;
  /** Aborts when the gallery is closed. */
  readonly signal: AbortSignal;
  /** Persons to compare again. */
  readonly changed: Set<PersonId>;
}

/** The result for one state of the table, the operating point and the target. */
interface Found {
  readonly threshold: number;
  readonly margin: number;
  readonly targetFpir: number | undefined;
  readonly persons: readonly PersonLikeness[];
  readonly thresholds: ReadonlyMap<PersonId, PersonThreshold>;
  readonly expected: ExpectedRates;
  readonly inseparable: readonly InseparablePair[];
  /** The same by `pairKey`. */
  readonly inseparableKeys: ReadonlySet<string>;
  /** Persons who look alike, by `pairKey`, the most similar first. */
  readonly alike: ReadonlyMap<string, LookAlikes>;
}

/** Why the box is stricter for one person. Thresholds are cosines. */
export interface OwnThreshold {
  readonly threshold: number;
  /** Of all persons without an own one. */
  readonly general: number;
  readonly reason: Exclude<ThresholdReason, 'floor'>;
}

/** What a change of the marks would do to one person. Thresholds are cosines. */
export interface ThresholdEffect {
  readonly before: number;
  readonly after: number;
  /** Comparisons of the person's own references with each other. */
  readonly comparisons: number;
  /** Those of them that match now, and would not then. */
  readonly lost: number;
}

/**
 * Keeps a threshold for each person. Compares all persons when the gallery opens, once a night and on request; compares
 * changed persons at once. Until a person is compared, the threshold of the operating point applies.
 */
export class GalleryCalibration implements AsyncDisposable {
  readonly #options: GalleryCalibrationOptions;
  readonly #unsubscribe: () => void;
  readonly #listeners = new Set<() => void>();
  readonly #nightly: Recurring;
  readonly #abort = new AbortController();
  #known: Known | undefined;
  #found: Found | undefined;
  #night: string;
  readonly #turns = new SerialQueue();
  #following: Promise<void> | undefined;

  constructor(options: GalleryCalibrationOptions) {
    this.#options = options;
    const { vault, clock } = options;
    this.#night = options.night();
    this.#unsubscribe = vault.onChanged(() => this.#follow());
    this.#nightly = new Recurring({
      clock,
      everyMs: nightCheckEveryMs,
      work: () => this.#checkNight(),
      onFailure: () => undefined,
    });
    this.#follow();
    this.#nightly.start();
  }

  /** Undefined while the threshold of this person is unknown. */
  thresholdOf(id: PersonId): number | undefined {
    return this.#current()?.thresholds.get(id)?.threshold;
  }

  /** The threshold of this person and its reason, beside the general one. Undefined where that one applies, or nothing is known. */
  ownThresholdOf(id: PersonId): OwnThreshold | undefined {
    const found = this.#current();
    const { threshold, reason } = found?.thresholds.get(id) ?? {};
    if (found === undefined || threshold === undefined || reason === undefined) return undefined;
    return reason === 'floor' ? undefined : { threshold, general: found.threshold, reason };
  }

  /** What the threshold of a person would be with another similarity of a marked false match. Undefined while it is unknown. */
  async effectOf(id: PersonId, falseMatch: number | undefined): Promise<ThresholdEffect | undefined> {
    const [known, found] = [this.#known, this.#current()];
    const before = found?.thresholds.get(id)?.threshold;
    if (known === undefined || found === undefined || before === undefined) return undefined;
    const { persons, threshold: floor, margin, targetFpir } = found;
    const others = this.#options.falseMatches();
    const target = {
      ...{ floor, margin, targetFpir },
      ownThresholdOf: (each: PersonId) => known.table.ownThresholdOf(each)?.similarity,
      falseMatchOf: (each: PersonId) => (each === id ? falseMatch : others.get(each)),
    };
    const thresholds = await inSlices(calibrationSteps(persons, target), known.signal);
    const after = thresholds.find(({ personId }) => personId === id)?.threshold ?? before;
    const own = persons.find(({ personId }) => personId === id)?.own ?? [];
    const lost = own.filter((similarity) => similarity >= before && similarity < after).length;
    return { before, after, comparisons: own.length, lost };
  }

  /** What the box expects at the thresholds in force. Undefined while they are unknown. */
  get expectation(): ExpectedRates | undefined {
    return this.#current()?.expected;
  }

  /** The known pairs of persons whom the recogniser cannot tell apart, most alike first. */
  get inseparable(): readonly InseparablePair[] {
    return this.#current()?.inseparable ?? [];
  }

  /** True if the recogniser is known not to tell these two apart. */
  isInseparable(a: PersonId, b: PersonId): boolean {
    return this.#current()?.inseparableKeys.has(pairKey(a, b)) === true;
  }

  /** The number of known pairs of persons who look alike. */
  get alikeCount(): number {
    return this.#current()?.alike.size ?? 0;
  }

  /** The known pairs of persons who look alike, most alike first. */
  get alike(): readonly LookAlikes[] {
    return [...(this.#current()?.alike.values() ?? [])];
  }

  /** The margin between two persons who are known to look alike; undefined for others. */
  marginBetween(a: PersonId, b: PersonId): number | undefined {
    return this.#current()?.alike.get(pairKey(a, b))?.margin;
  }

  /** Calls back after each calibration. The returned function unsubscribes. */
  onCalibrated(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Finds the thresholds again, in the background, if the configuration changed the operating point or the target. */
  followConfiguration(): void {
    const [known, found] = [this.#known, this.#found];
    if (known === undefined || found === undefined || this.#following !== undefined) return;
    const { threshold, margin } = this.#options.policy();
    const isSame =
      threshold === found.threshold &&
      margin === found.margin &&
      this.#options.targetFpir() === found.targetFpir;
    if (isSame) return;
    this.#following = this.#inBackground(known, async () => undefined).finally(() => {
      this.#following = undefined;
    });
  }

  /** Finds the thresholds again, in the background, because an operator marked a passage. */
  followMarks(): void {
    const known = this.#known;
    if (known !== undefined) void this.#inBackground(known, async () => undefined);
  }

  /** Resolves when every known change was compared. */
  settled(): Promise<void> {
    return this.#turns.settled();
  }

  /** The latest result, once every known change was compared. @throws `gallery-sealed`, `gallery-closed` */
  async latest(): Promise<Found & { readonly recogniser: RecogniserId }> {
    this.#options.vault.requireOpen();
    await this.#turns.settled();
    const found = this.#current();
    if (this.#known === undefined || found === undefined) throw failure('gallery-closed');
    return { ...found, recogniser: this.#known.gallery.recogniser };
  }

  /** Compares all persons now. @throws `gallery-sealed`, and the errors of the gallery */
  async calibrate(by: Actor): Promise<GalleryCalibrationReport> {
    const { vault, audit, clock } = this.#options;
    vault.requireOpen();
    const known = this.#known;
    if (known === undefined) throw defect('calibration-lost', 'an open gallery has no calibration');
    const startedAtMs = clock.wallMs();
    const beganMs = clock.monotonicMs();
    return this.#turns.run(async () => {
      await known.table.rebuild(known.signal);
      const report = await this.#report(known, await this.#apply(known));
      const { persons, alike } = report;
      const inseparable = alike.filter(({ isSeparable }) => !isSeparable).length;
      const details = { persons: persons.length, alike: alike.length, inseparable };
      audit.append({ by, action: 'gallery.calibrated', details });
      return { startedAt: isoTime(startedAtMs), durationMs: clock.monotonicMs() - beganMs, ...report };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await this.#nightly[Symbol.asyncDispose]();
    this.#abort.abort(failure('shutting-down:daemon'));
    await this.#turns.settled();
  }

  #follow(): void {
    const gallery = this.#options.vault.open?.gallery;
    if (this.#known?.gallery === gallery) return;
    this.#known = undefined;
    this.#found = undefined;
    if (gallery === undefined) return;
    const closing = new AbortController();
    const known: Known = {
      gallery,
      table: new LikenessTable(gallery),
      signal: AbortSignal.any([closing.signal, this.#abort.signal]),
      changed: new Set(),
    };
    const forget = gallery.onPersonsChanged((ids) => {
      if (known.changed.size === 0) void this.#inBackground(known, () => this.#refresh(known));
      for (const id of ids) known.changed.add(id);
    });
    gallery.attach('calibration', {
      [Symbol.asyncDispose]: async () => {
        forget();
        closing.abort(failure('gallery-closed'));
      },
    });
    this.#known = known;
    void this.#inBackground(known, () => known.table.rebuild(known.signal));
  }

  #refresh({ table, changed, signal }: Known): Promise<void> {
    const ids = [...changed];
    changed.clear();
    return table.refresh(ids, signal);
  }

  #checkNight(): void {
    const night = this.#options.night();
    const known = this.#known;
    if (night === this.#night || known === undefined) return;
    this.#night = night;
    void this.#inBackground(known, () => known.table.rebuild(known.signal));
  }

  /** A failure keeps the former thresholds; the next change or night tries again. */
  #inBackground(known: Known, work: () => Promise<void>): Promise<void> {
    const { logger } = this.#options;
    return this.#turns.run(async () => {
      if (this.#known !== known || known.signal.aborted) return;
      try {
        await work();
        await this.#apply(known);
      } catch (error) {
        if (known.signal.aborted || isRollcallError(error, 'gallery-closed')) return;
        logger.error('the thresholds of persons could not be calculated; the former ones stay', { error });
      }
    });
  }

  async #apply(known: Known): Promise<Found> {
    const found = await this.#find(known);
    if (this.#known !== known) return found;
    this.#found = found;
    for (const listener of this.#listeners) listener();
    return found;
  }

  /** The latest result. After a change of the configuration it applies until the new one is found. */
  #current(): Found | undefined {
    this.followConfiguration();
    return this.#known === undefined ? undefined : this.#found;
  }

  /** Works in slices: for 10,000 persons the calculation would block the event loop for too long. */
  async #find({ table, signal }: Known): Promise<Found> {
    const { threshold, margin } = this.#options.policy();
    const targetFpir = this.#options.targetFpir();
    const persons = await inSlices(table.personSteps(), signal);
    const ownThresholdOf = (id: PersonId): number | undefined => table.ownThresholdOf(id)?.similarity;
    const falseMatches = this.#options.falseMatches();
    const falseMatchOf = (id: PersonId): number | undefined => falseMatches.get(id);
    const target = { floor: threshold, margin, targetFpir, ownThresholdOf, falseMatchOf };
    const thresholds = await inSlices(calibrationSteps(persons, target), signal);
    const inseparable = await inSlices(inseparablePairSteps(persons, { threshold, margin }), signal);
    const alike = await inSlices(lookAlikeSteps(persons, { threshold, margin }), signal);
    return {
      ...{ threshold, margin, targetFpir, persons, inseparable, alike },
      thresholds: new Map(thresholds.map((person) => [person.personId, person])),
      expected: expectedRates(thresholds, targetFpir),
      inseparableKeys: new Set(inseparable.map(({ a, b }) => pairKey(a, b))),
    };
  }

  /** Works in slices, too. Throws when the gallery is closed. */
  async #report(
    { gallery, table, signal }: Known,
    found: Found,
  ): Promise<Omit<GalleryCalibrationReport, 'startedAt' | 'durationMs'>> {
    const entries = await gallery.listPersons();
    const names = new Map(entries.map(({ id, profile }) => [id, profile?.name ?? damagedName]));
    const nameOf = (id: PersonId): string => names.get(id) ?? damagedName;
    const noteOf = (id: PersonId): string | undefined => table.ownThresholdOf(id)?.reason;
    const persons = await inSlices(personReportSteps(entries, found, { nameOf, noteOf }), signal);
    return {
      recogniser: gallery.recogniser,
      floor: found.threshold,
      margin: found.margin,
      ...present({
        targetFpir: found.targetFpir,
        expectedFpir: found.expected.fpir,
        expectedFnir: found.expected.fnir,
      }),
      persons,
      alike: alikePairs(found, nameOf),
    };
  }
}

/** Runs a calculation step by step, with turns of the event loop in between. Throws when `signal` aborts. */
export async function inSlices<T>(steps: Generator<undefined, T>, signal: AbortSignal): Promise<T> {
  for (let taken = 1; ; taken += 1) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (taken % sliceSteps !== 0) continue;
    await nextTurn();
    signal.throwIfAborted();
  }
}

/** Describes each person; one step per person. */
function* personReportSteps(
  entries: readonly PersonEntry[],
  found: Found,
  texts: { readonly nameOf: (id: PersonId) => string; readonly noteOf: (id: PersonId) => string | undefined },
): Generator<undefined, readonly CalibratedPerson[]> {
  const likeness = new Map(found.persons.map((person) => [person.personId, person]));
  const persons: CalibratedPerson[] = [];
  for (const { id, templateCount } of entries) {
    yield;
    const [threshold, person] = [found.thresholds.get(id), likeness.get(id)];
    if (threshold === undefined || person === undefined) continue;
    const { fmr, fnmr, ...chosen } = threshold;
    const note = chosen.reason === 'manual' ? texts.noteOf(id) : undefined;
    persons.push({
      ...chosen,
      name: texts.nameOf(id),
      references: templateCount,
      ...present({ note, fmr, fnmr }),
      neighbours: person.neighbours
        .slice(0, neighboursShown)
        .map((near) => ({ ...near, name: texts.nameOf(near.personId) })),
    });
  }
  return persons;
}

function alikePairs(
  { alike, inseparableKeys }: Found,
  nameOf: (id: PersonId) => string,
): readonly AlikePair[] {
  const named = (id: PersonId) => ({ personId: id, name: nameOf(id) });
  return [...alike].map(([key, { a, b, similarity, margin }]) => ({
    ...{ a: named(a), b: named(b), similarity, margin, isSeparable: !inseparableKeys.has(key) },
  }));
}
