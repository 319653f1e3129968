import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Page } from '../../contract/operation.js';
import type { StrangerDetails, StrangerSummary, strangerOperations } from '../../contract/strangers.js';
import type { Actor } from '../../kernel/actor.js';
import { type PassageId, passageId, personId, strangerId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import { visitCount } from '../../kernel/strangers/stranger.js';
import { refusal } from '../../words/errors.js';
import { refuseLimited } from '../api/forbidden.js';
import { notFound } from '../api/not-found.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryStrangers } from '../gallery/strangers/gallery-strangers.js';
import type { StrangerAside, StrangerEntry } from '../gallery/strangers/strangers-aside.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { SetAside } from './set-aside.js';
import { shownStranger, strangerDetails } from './shown-stranger.js';
import type { StrangerEnrolment } from './stranger-enrolment.js';

export interface StrangersOptions {
  /** @throws `gallery-sealed` */
  readonly gallery: () => Pick<Gallery, 'strangers' | 'showPerson'>;
  readonly journal: Pick<PassageJournal, 'find' | 'moveStranger'>;
  readonly setAside: SetAside;
  /** The picture that the box keeps of a passage. */
  readonly pictureOf: (passage: Passage) => Uint8Array | undefined;
  readonly enrolment: StrangerEnrolment;
  /** The similarity from which two faces count as one person. */
  readonly threshold: () => number;
  readonly readings: Pick<ReadingTrail, 'note'>;
}

type Operations = Handlers<typeof strangerOperations>;
type Input<Id extends keyof Operations> = Parameters<Operations[Id]>[0];
type Reader = Pick<Caller, 'actor' | 'origin' | 'cameras'>;

/** Most strangers who are shown as similar to one. */
const mostSimilar = 5;

/** The operations on strangers. */
export function strangerHandlers(strangers: Strangers): Operations {
  return {
    'strangers.list': (input, { caller }) => strangers.list(input, caller),
    'strangers.show': ({ stranger }, { caller }) => strangers.show(stranger, caller),
    'strangers.merge': (input, { caller }) => strangers.merge(input, caller),
    'strangers.split': (input, { caller }) => strangers.split(input, caller),
    'strangers.ignore': ({ stranger }, { caller }) => strangers.setIgnored(stranger, true, caller),
    'strangers.notice': ({ stranger }, { caller }) => strangers.setIgnored(stranger, false, caller),
    'strangers.discard': (input, { caller }) => strangers.discard(input, caller),
    'strangers.restore': ({ stranger }, { caller }) => strangers.restore(stranger, caller),
    'strangers.assign': (input, { caller }) => strangers.assign(input, caller),
    'strangers.enrol': (input, { caller }) => strangers.enrol(input, caller),
  };
}

/**
 * The strangers of the box as callers see and change them. The gallery writes the audit entry of each change with the change, and
 * an event follows from the entry. What else knows the stranger changes first, so that after a kill in between the request can be
 * made again.
 */
export class Strangers {
  readonly #options: StrangersOptions;

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  /** @throws `gallery-sealed`, `bad-request` for a cursor that no page gave, `forbidden` for a camera that the caller may not use */
  list(
    { limit, cursor, state, camera, since }: Input<'strangers.list'>,
    reader: Reader,
  ): Page<StrangerSummary> {
    if (camera !== undefined && reader.cameras?.has(camera) === false) throw otherCamera();
    const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
    const strangers = this.#strangers();
    const known: readonly (StrangerAside | { readonly entry: StrangerEntry })[] =
      state === 'set-aside' ? strangers.aside() : strangers.list().map((entry) => ({ entry }));
    const all = known
      .flatMap((each): readonly Listed[] => {
        const entry = this.#seenBy(reader, each.entry);
        if (entry === undefined) return [];
        const aside = 'forgottenAtMs' in each ? each : undefined;
        return [{ entry, aside, id: entry.id, atMs: Math.floor(aside?.forgottenAtMs ?? entry.lastSeenMs) }];
      })
      .filter(
        ({ entry }) =>
          (state === undefined || state === 'set-aside' || entry.state === state) &&
          (camera === undefined || entry.appearances.some(({ cameraId }) => cameraId === camera)) &&
          entry.lastSeenMs >= sinceMs,
      )
      .sort((one, other) => (isBehind(one, other) ? 1 : -1));
    const before = cursor === undefined ? undefined : readPlace(cursor);
    const rest = before === undefined ? all : all.filter((each) => isBehind(each, before));
    const page = rest.slice(0, limit);
    const items = page.map(({ entry, aside }) => this.#shown(entry, aside));
    const details = { strangers: items.length, ...present({ camera }) };
    this.#options.readings.note({ by: actorOf(reader), action: 'stranger.listed', details });
    const last = page.at(-1);
    const hasMore = last !== undefined && page.length < rest.length;
    return { items, total: all.length, ...(hasMore && { nextCursor: `${last.atMs}.${last.id}` }) };
  }

  /** @throws `gallery-sealed`, `no-such-stranger` */
  show(id: string, reader: Reader): StrangerDetails {
    const { threshold } = this.#options;
    const aside = this.#strangers().asideOf(strangerId(id));
    const entry = this.#seenBy(reader, aside?.entry ?? this.#find(id));
    if (entry === undefined) throw noSuchStranger(id);
    const similar = this.#strangers()
      .similarTo(entry.id, threshold(), mostSimilar)
      .filter((other) => this.#seenBy(reader, this.#find(other.strangerId)) !== undefined);
    this.#options.readings.note({ by: actorOf(reader), action: 'stranger.read', subject: entry.id });
    return strangerDetails(entry, similar, (passage) => this.#hasPicture(passage), aside);
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `merge-refused`, `forbidden` */
  merge({ stranger, others }: Input<'strangers.merge'>, by: Reader): StrangerSummary {
    this.#requireAllCameras(by);
    const ids = [...new Set([stranger, ...others])].map((id) => this.#find(id).id);
    if (ids.length < 2) {
      throw refusal('merge-refused');
    }
    const kept = this.#strangers().merge(ids, actorOf(by));
    if (kept === undefined) throw noSuchStranger(stranger);
    for (const id of ids.filter((each) => each !== kept.id)) {
      this.#options.journal.moveStranger(id, kept.id);
    }
    return this.#shown(kept);
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `split-refused`, `forbidden` */
  split({ stranger, passages }: Input<'strangers.split'>, by: Reader): StrangerSummary {
    this.#requireAllCameras(by);
    const { id, appearances } = this.#find(stranger);
    const known = new Set(appearances.map((each) => each.passageId));
    const wanted = passages.map(passageId);
    const foreign = wanted.find((passage) => !known.has(passage));
    if (foreign !== undefined) {
      throw refusal('split-refused:foreign-passage', { foreign, id });
    }
    const made = this.#strangers().split(id, wanted, actorOf(by));
    if (made === 'no-such-stranger') throw noSuchStranger(id);
    if (made === 'nothing-left') {
      throw refusal('split-refused:no-view', { id });
    }
    this.#options.journal.moveStranger(id, made.id, wanted);
    return this.#shown(made);
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `forbidden` */
  setIgnored(stranger: string, isIgnored: boolean, by: Reader): StrangerSummary {
    this.#requireAllCameras(by);
    const { id, state } = this.#find(stranger);
    const wanted = isIgnored ? 'ignored' : 'active';
    if (state !== wanted && !this.#strangers().setIgnored(id, isIgnored, actorOf(by)))
      throw noSuchStranger(id);
    return this.#shown(this.#find(id));
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `forbidden` */
  discard({ stranger, isFinal }: Input<'strangers.discard'>, by: Reader) {
    this.#requireAllCameras(by);
    const { setAside } = this.#options;
    const before = this.#strangers().asideOf(strangerId(stranger));
    // An assigned stranger is a person: the way back leads through `restore`.
    if (before !== undefined && (!isFinal || before.fate?.change === 'assigned'))
      throw noSuchStranger(stranger);
    const entry = before?.entry ?? this.#find(stranger);
    const { id, appearances, visits } = entry;
    if (before === undefined && !setAside.discard(entry, actorOf(by))) throw noSuchStranger(stranger);
    const aside = this.#strangers().asideOf(id);
    if (aside === undefined) throw noSuchStranger(stranger);
    const lost = { discarded: id, passages: appearances.length, visits };
    if (!isFinal) return { ...lost, forgottenAt: isoTime(aside.forgottenAtMs) };
    return { ...lost, pictures: setAside.forget(aside, before && actorOf(by)) };
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `forbidden`, `person-not-active`, `last-photograph` */
  async restore(stranger: string, by: Caller): Promise<StrangerSummary> {
    this.#requireAllCameras(by);
    const id = strangerId(stranger);
    const known = this.#strangers().show(id);
    if (known !== undefined) return this.#shown(known);
    const aside = this.#strangers().asideOf(id);
    if (aside?.fate?.change === 'assigned') this.#requireEnrolment(by);
    const restored = aside && (await this.#options.setAside.restore(aside, actorOf(by)));
    if (restored === undefined) throw noSuchStranger(stranger);
    return this.#shown(restored);
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `no-stranger-pictures`, `forbidden`, and what changes of photographs throw */
  async assign({ stranger, ...input }: Input<'strangers.assign'>, by: Caller) {
    this.#requireEnrolment(by);
    const entry = this.#find(stranger);
    const before = this.#photographsOf(input.person);
    const result = await this.#options.enrolment.add(entry, input, by);
    const added = () => this.#photographsOf(input.person).filter((id) => !before.includes(id));
    return this.#assigned(entry, result, by, added);
  }

  /** @throws `gallery-sealed`, `no-such-stranger`, `no-stranger-pictures`, `forbidden`, and what enrolments throw */
  async enrol({ stranger, ...input }: Input<'strangers.enrol'>, by: Caller) {
    this.#requireEnrolment(by);
    const entry = this.#find(stranger);
    return this.#assigned(entry, await this.#options.enrolment.enrol(entry, input, by), by);
  }

  /** `added`: the photographs that an enrolled person got. */
  #assigned<R extends Awaited<ReturnType<StrangerEnrolment['add']>>>(
    { id }: StrangerEntry,
    result: R,
    by: Reader,
    added?: () => readonly string[],
  ): R {
    if (result.outcome !== 'assigned') return result;
    // The stranger may have been discarded or seen again meanwhile.
    const entry = this.#strangers().show(id);
    if (entry === undefined) return result;
    this.#options.setAside.assign(entry, personId(result.person.id), added?.(), actorOf(by));
    return result;
  }

  /** As a change of photographs names them: a template without a photograph has its own id. */
  #photographsOf(person: string): readonly string[] {
    const { photographs = [], templates = [] } = this.#options.gallery().showPerson(personId(person)) ?? {};
    const bare = templates.filter(({ photographId }) => photographId === null);
    return [...photographs, ...bare].map(({ id }) => id);
  }

  #shown(entry: StrangerEntry, aside?: StrangerAside): StrangerSummary {
    return shownStranger(entry, (passage) => this.#hasPicture(passage), aside);
  }

  #hasPicture(id: PassageId): boolean {
    const { journal, pictureOf } = this.#options;
    const found = journal.find(id)?.passage;
    return found !== undefined && pictureOf(found) !== undefined;
  }

  #strangers(): GalleryStrangers {
    return this.#options.gallery().strangers;
  }

  /** @throws `no-such-stranger` */
  #find(id: string): StrangerEntry {
    const found = this.#strangers().show(strangerId(id));
    if (found === undefined) throw noSuchStranger(id);
    return found;
  }

  /** What a caller may know of a stranger: the passages at the caller's cameras. Undefined without any. */
  #seenBy({ cameras }: Reader, entry: StrangerEntry): StrangerEntry | undefined {
    if (cameras === undefined) return entry;
    const appearances = entry.appearances.filter(({ cameraId }) => cameras.has(cameraId));
    const [first] = appearances;
    if (first === undefined) return undefined;
    const lastSeenMs = Math.max(...appearances.map((each) => each.lastSeenMs));
    const visits = visitCount({ appearances, earlierVisits: 0 });
    return { ...entry, appearances, visits, firstSeenMs: first.firstSeenMs, lastSeenMs };
  }

  /** A stranger is one person at all cameras, so a change concerns all of them. @throws `forbidden` */
  #requireAllCameras(reader: Reader): void {
    refuseLimited(reader, 'all-cameras:unknown-person');
  }

  /** @throws `forbidden` */
  #requireEnrolment(by: Pick<Caller, 'scopes'> & Reader): void {
    this.#requireAllCameras(by);
    if (by.scopes.has('persons:write')) return;
    throw refusal('forbidden:enrolment');
  }
}

const actorOf = ({ actor, origin }: Actor): Actor => ({ actor, origin });

const noSuchStranger = (id: string) => notFound('stranger', id, 'rollcall strangers list');

const otherCamera = () => refusal('forbidden:camera');

/** A place in the list, which stays where it is when strangers come and go. */
interface Place {
  readonly atMs: number;
  readonly id: string;
}

/** A stranger as the list has them. */
interface Listed extends Place {
  readonly entry: StrangerEntry;
  /** Absent: the stranger is not set aside. */
  readonly aside: StrangerAside | undefined;
}

/** The latest is the first; among the same times, ids decide. */
const isBehind = (one: Place, other: Place): boolean =>
  one.atMs === other.atMs ? one.id > other.id : one.atMs < other.atMs;

/** @throws `bad-request` */
function readPlace(cursor: string): Place {
  const [, atMs, id] = /^(\d{1,16})\.([\w-]{1,64})$/.exec(cursor) ?? [];
  if (atMs !== undefined && id !== undefined) return { atMs: Number(atMs), id };
  throw refusal('bad-request:cursor');
}
