import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Page, ServedFile } from '../../contract/operation.js';
import {
  longestTimelineH,
  type MarkManyRequest,
  type MarkRequest,
  type MissedRequest,
  mostTimelinePassages,
  type passageOperations,
} from '../../contract/passage-operations.js';
import type {
  MarkEffect,
  MarkedPassage,
  MarkedPassages,
  MarkOutcome,
  PassageDetails,
  PassageItem,
  PassageTimeline,
  ReferenceAdded,
  ReferenceRemoved,
} from '../../contract/passages.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { type CameraId, cameraId, type PersonId, passageId, personId, strangerId } from '../../kernel/ids.js';
import type { BlindPeriod } from '../../kernel/passages/blind-period.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import { failure, refusal } from '../../words/errors.js';
import { refusalOfOne } from '../api/refusal-of-one.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import { eachPassage } from './each-passage.js';
import { followPassages, type PassageSelection } from './follow-passages.js';
import type { PassageClips } from './passage-clips.js';
import type { PassageJournal, StoredPassage } from './passage-journal.js';
import type { PassageMarks } from './passage-marks.js';
import type { PassageReferences } from './passage-references.js';
import {
  type NameOf,
  passageDetails,
  personRef,
  shownBlindPeriod,
  shownPassage,
  timelinePassage,
} from './shown-passage.js';

/** Maximum number of ids in the message about an ambiguous beginning. */
const mostNamed = 5;
/** Passages with a beginning that are looked at for a caller who is limited to cameras: some milliseconds. */
const mostLookedAt = 200;

/** Errors of one passage that do not concern the others of a call. */
const ofOnePassage = ['no-such-passage', 'ambiguous', 'passage-unreadable', 'mark-refused'];

export interface RecordedPassagesOptions {
  readonly journal: PassageJournal;
  readonly vault: Pick<GalleryVault, 'gallery'>;
  /** The name of a person; undefined where there is none. */
  readonly nameOf: (id: string) => string | undefined;
  /** The picture that the box keeps of a passage. */
  readonly pictureOf: (passage: Passage) => Uint8Array | undefined;
  /** The clips that the box keeps of passages. */
  readonly clips: Pick<PassageClips, 'find' | 'read'>;
  readonly marks: Pick<
    PassageMarks,
    'mark' | 'isNews' | 'unmark' | 'effect' | 'missed' | 'lastOf' | 'marked'
  >;
  readonly references: Pick<PassageReferences, 'shown' | 'add' | 'remove'>;
  /** When cameras could see nothing, at all cameras. */
  readonly blindPeriods: (period: Pick<BlindPeriod, 'fromMs' | 'untilMs'>) => Promise<readonly BlindPeriod[]>;
  /** Writes into the audit log who reads passages. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  readonly clock: Clock;
}

type Reader = Pick<Caller, 'actor' | 'origin' | 'scopes' | 'cameras'>;
type ListInput = Parameters<Handlers<typeof passageOperations>['passages.list']>[0];
type TimelineInput = Parameters<Handlers<typeof passageOperations>['passages.timeline']>[0];
type FollowInput = Parameters<Handlers<typeof passageOperations>['passages.follow']>[0];
type ReadableStored = StoredPassage & { readonly passage: Passage };

/** The operations that read passages. */
export function passageHandlers(passages: RecordedPassages): Handlers<typeof passageOperations> {
  return {
    'passages.list': (input, { caller }) => passages.list(input, caller),
    'passages.timeline': (input, { caller, signal }) => passages.timeline(input, caller, signal),
    'passages.show': ({ passage }, { caller }) => passages.show(passage, caller),
    'passages.follow': (input, { caller, signal }) => passages.follow(input, caller, signal),
    'passages.mark': ({ passage, ...mark }, { caller }) => passages.mark(passage, mark, caller),
    'passages.mark-many': (input, { caller }) => passages.markMany(input, caller),
    'passages.mark-effect': ({ passage, ...said }, { caller }) => passages.markEffect(passage, said, caller),
    'passages.unmark': ({ passage, ifMark }, { caller }) => passages.unmark(passage, caller, ifMark),
    'passages.missed': (input, { caller }) => passages.missed(input, caller),
    'passages.add-reference': ({ passage }, { caller }) => passages.addReference(passage, caller),
    'passages.remove-reference': ({ passage }, { caller }) => passages.removeReference(passage, caller),
    'passages.picture': ({ passage }, { caller }) => passages.picture(passage, caller),
    'passages.clip': ({ passage }, { caller }) => passages.clip(passage, caller),
  };
}

/** The passages of the box as callers see them. */
export class RecordedPassages {
  readonly #options: RecordedPassagesOptions;

  constructor(options: RecordedPassagesOptions) {
    this.#options = options;
  }

  /** @throws `gallery-sealed`; `forbidden` for a camera that the caller may not use */
  list(input: ListInput, reader: Reader): Page<PassageItem> {
    const { journal, vault, marks } = this.#options;
    const selection = selectionOf(input, reader);
    vault.gallery();
    const { since, until, order, limit, cursor } = input;
    const isNewestFirst = order === 'newest-first';
    const found = journal.list({
      ...selection,
      ...present({
        sinceMs: since === undefined ? undefined : Date.parse(since),
        beforeMs: until === undefined ? undefined : Date.parse(until),
        ids: input.marked === 'only' ? marks.marked() : undefined,
      }),
      ...(cursor === undefined ? {} : isNewestFirst ? { beforeNumber: +cursor } : { afterNumber: +cursor }),
      // One more than the page shows whether this is the last page.
      limit: limit + 1,
      keep: isNewestFirst ? 'newest' : 'oldest',
    });
    const ordered = isNewestFirst ? found.toReversed() : found;
    const shown = ordered.slice(0, limit);
    this.#noteList(
      shown.flatMap(({ passage }) => passage ?? []),
      input,
      reader,
    );
    const nameOf = this.#namesFor(reader);
    const nextCursor = ordered.length > limit ? String(shown.at(-1)?.number) : undefined;
    return { items: shown.map((stored) => shownPassage(stored, nameOf)), ...present({ nextCursor }) };
  }

  /** @throws `period-refused`, `gallery-sealed`; `forbidden` for a camera that the caller may not use */
  async timeline(input: TimelineInput, reader: Reader, signal: AbortSignal): Promise<PassageTimeline> {
    const { journal, vault, blindPeriods, clock } = this.#options;
    const selection = selectionOf(input, reader);
    const sinceMs = Date.parse(input.since);
    const beforeMs = Date.parse(input.until);
    refusePeriod(beforeMs - sinceMs);
    vault.gallery();
    const passages: Passage[] = [];
    let unreadable = 0;
    let isCut = false;
    const numbers = journal.numbersBetween(sinceMs, beforeMs) ?? { first: 1, last: 0 };
    const between = { afterNumber: numbers.first - 1, beforeNumber: numbers.last + 1 };
    const query = { ...selection, ...between, sinceMs, beforeMs };
    for await (const { passage } of eachPassage(journal, query, signal)) {
      isCut = passages.length === mostTimelinePassages;
      if (isCut) break;
      if (passage === undefined) unreadable += 1;
      else passages.push(passage);
    }
    this.#noteList(passages, input, reader);
    const nameOf = this.#namesFor(reader);
    const { cameraIds } = selection;
    const blind = await blindPeriods({ fromMs: sinceMs, untilMs: Math.min(beforeMs, clock.wallMs()) });
    return {
      passages: passages.map((passage) => timelinePassage(passage, nameOf)),
      blind: blind
        .filter(({ cameraId: id }) => id === undefined || cameraIds?.includes(id) !== false)
        .map(shownBlindPeriod),
      ...{ unreadable, isCut },
    };
  }

  /** @throws `gallery-sealed`, `no-such-passage`, `ambiguous`, `passage-unreadable` */
  show(which: string, reader: Reader): PassageDetails {
    const { number, passage } = this.#find(which, reader);
    this.#noteOne(passage, reader);
    const hasPicture = this.#options.pictureOf(passage) !== undefined;
    const mark = this.#options.marks.lastOf(passage.id);
    const reference = this.#options.references.shown(passage, mark, reader);
    const clip = this.#options.clips.find(passage.id);
    return passageDetails(number, passage, this.#namesFor(reader), { hasPicture, clip, mark, reference });
  }

  /** @throws `gallery-sealed`, `no-such-passage`, `ambiguous`, `passage-unreadable`, `no-such-picture` */
  picture(which: string, reader: Reader): ServedFile {
    const { passage } = this.#find(which, reader);
    const bytes = this.#options.pictureOf(passage);
    if (bytes === undefined) {
      throw refusal('no-such-picture:passage', { id: passage.id });
    }
    this.#options.readings.note({ ...aboutOne(passage, reader), action: 'passage.picture-read' });
    return { bytes };
  }

  /** @throws `gallery-sealed`, `no-such-passage`, `ambiguous`, `passage-unreadable`, `no-such-clip`, `clip-damaged` */
  async clip(which: string, reader: Reader): Promise<ServedFile> {
    const { clips, readings } = this.#options;
    const { passage } = this.#find(which, reader);
    const { id } = passage;
    const clip = clips.find(id);
    if (clip?.kept === undefined) throw refusal('no-such-clip', { id });
    const bytes = await clips.read(clip, passage.startedAtMs);
    if (bytes === undefined) throw failure('clip-damaged', { id });
    readings.note({ ...aboutOne(passage, reader), action: 'passage.clip-read' });
    return { bytes };
  }

  /** @throws as `show`; `mark-refused`, `no-such-person` */
  mark(which: string, mark: Omit<MarkRequest, 'passage'>, caller: Reader): MarkOutcome {
    return this.#options.marks.mark(this.#find(which, caller).passage, mark, caller);
  }

  /** Marks passages alike, one after the other. Other work has its turn between two passages. @throws `no-such-person` */
  async markMany({ passages, isPreview, ...mark }: MarkManyRequest, caller: Reader): Promise<MarkedPassages> {
    const marked: MarkedPassage[] = [];
    for (const which of new Set(passages)) {
      marked.push(this.#markOne(which, mark, isPreview, caller));
      await nextTurn();
    }
    return { isPreview, passages: marked };
  }

  #markOne(
    which: string,
    said: Omit<MarkRequest, 'passage'>,
    isPreview: boolean,
    caller: Reader,
  ): MarkedPassage {
    const { marks } = this.#options;
    try {
      const { passage } = this.#find(which, caller);
      if (!marks.isNews(passage, said, caller)) return { passage: passage.id, outcome: 'unchanged' };
      const mark = isPreview ? undefined : marks.mark(passage, said, caller);
      return { passage: passage.id, outcome: 'marked', ...present({ mark }) };
    } catch (error) {
      return { passage: which, outcome: 'refused', refusal: refusalOfOne(error, ofOnePassage) };
    }
  }

  /** @throws as `mark` */
  async markEffect(
    which: string,
    said: Pick<MarkRequest, 'was' | 'person'>,
    reader: Reader,
  ): Promise<MarkEffect> {
    const { passage } = this.#find(which, reader);
    this.#noteOne(passage, reader);
    const nameOf = this.#namesFor(reader);
    const thresholds = await this.#options.marks.effect(passage, said);
    return {
      thresholds: thresholds.map(({ personId: id, ...effect }) => ({
        person: personRef(id, nameOf),
        ...effect,
      })),
    };
  }

  /** `ifMark`: the event of the mark that is meant. @throws as `show`; `mark-refused`, `changed-meanwhile` */
  unmark(which: string, caller: Reader, ifMark?: string): MarkOutcome {
    return this.#options.marks.unmark(this.#find(which, caller).passage, caller, ifMark);
  }

  /** @throws as `show`, and as `PassageReferences.add` */
  async addReference(which: string, caller: Reader): Promise<ReferenceAdded> {
    const { passage } = this.#find(which, caller);
    return await this.#options.references.add(passage, this.#options.marks.lastOf(passage.id), caller);
  }

  /** @throws as `show`, and as `PassageReferences.remove` */
  async removeReference(which: string, caller: Reader): Promise<ReferenceRemoved> {
    return await this.#options.references.remove(this.#find(which, caller).passage, caller);
  }

  /** @throws `mark-refused`, `no-such-person`, `no-such-camera`, `gallery-sealed` */
  missed(request: MissedRequest, caller: Reader): MarkOutcome {
    return this.#options.marks.missed(request, caller);
  }

  /** @throws `gallery-sealed`; `forbidden` for a camera that the caller may not use */
  async *follow(input: FollowInput, reader: Reader, signal: AbortSignal) {
    const { journal, vault, clock } = this.#options;
    const selection = selectionOf(input, reader);
    vault.gallery();
    const wanted = { selection, after: input.after };
    for await (const item of followPassages(journal, wanted, { clock, signal })) {
      if (item.kind === 'up-to-date') {
        yield item;
        continue;
      }
      const { stored, position } = item;
      if (stored.passage !== undefined) this.#noteOne(stored.passage, reader);
      yield { kind: item.kind, passage: shownPassage(stored, this.#namesFor(reader)), position };
    }
  }

  /** Finds a passage by its id or the beginning of it. For a caller who is limited to cameras, there are no others. */
  #find(which: string, { cameras }: Reader): ReadableStored {
    const { journal, vault } = this.#options;
    vault.gallery();
    const exact = journal.find(passageId(which));
    const limit = cameras === undefined ? mostNamed + 1 : mostLookedAt;
    const found = (exact === undefined ? journal.beginningWith(which, limit) : [exact]).filter(
      ({ passage }) => cameras === undefined || (passage !== undefined && cameras.has(passage.cameraId)),
    );
    const [first, ...others] = found;
    if (first === undefined) {
      throw refusal('no-such-passage', { which });
    }
    if (others.length > 0) {
      const ids = found.slice(0, mostNamed).map(({ id }) => id);
      if (found.length > mostNamed) ids.push(passageId('others'));
      throw refusal('ambiguous', { which, ids: ids.join(', ') });
    }
    const { passage } = first;
    if (passage !== undefined) return { ...first, passage };
    throw failure('passage-unreadable', { id: first.id });
  }

  /** Looks up each name once. */
  #namesFor({ scopes }: Reader): NameOf {
    if (!scopes.has('names:read')) return () => undefined;
    const names = new Map<PersonId, string | undefined>();
    return (id) => {
      if (!names.has(id)) names.set(id, this.#options.nameOf(id));
      return names.get(id);
    };
  }

  /** One entry for each camera of the list; the person is its subject if the reader asked for one. */
  #noteList(
    shown: readonly Passage[],
    { person }: Pick<ListInput, 'person'>,
    { actor, origin }: Reader,
  ): void {
    const byCamera = new Map<string, { passages: number; readonly persons: Set<string> }>();
    for (const { cameraId: camera, personId: recognised } of shown) {
      const counts = byCamera.get(camera) ?? { passages: 0, persons: new Set<string>() };
      counts.passages += 1;
      if (recognised !== undefined) counts.persons.add(recognised);
      byCamera.set(camera, counts);
    }
    const subject = present({ subject: person });
    for (const [camera, { passages, persons }] of byCamera) {
      const details = { camera, passages, persons: persons.size };
      this.#options.readings.note({ by: { actor, origin }, action: 'passage.listed', ...subject, details });
    }
  }

  #noteOne(passage: Passage, reader: Reader): void {
    this.#options.readings.note({ ...aboutOne(passage, reader), action: 'passage.read' });
  }
}

/** An audit entry about the person of a passage, if the box knows one, and its camera. */
function aboutOne({ id, cameraId: camera, personId, assignedTo }: Passage, { actor, origin }: Actor) {
  const subject = personId ?? assignedTo;
  return { by: { actor, origin }, ...present({ subject }), details: { passage: id, camera } };
}

/** @throws `period-refused` */
function refusePeriod(lengthMs: number): void {
  if (lengthMs > 0 && lengthMs <= longestTimelineH * 3_600_000) return;
  throw refusal('period-refused:timeline', { longestHours: longestTimelineH });
}

/** The filters of a request. Callers who are limited to cameras get the passages at these cameras only. */
function selectionOf(input: Omit<FollowInput, 'after'>, reader: Reader): PassageSelection {
  const { camera, person, stranger, outcome, reason } = input;
  return present({
    ...{ outcome, reason, cameraIds: camerasFor(camera, reader) },
    personId: person === undefined ? undefined : personId(person),
    strangerId: stranger === undefined ? undefined : strangerId(stranger),
  });
}

/** The cameras that a request is about; undefined for all. @throws `forbidden` for one that the caller may not use */
export function camerasFor(
  camera: string | undefined,
  { cameras }: Pick<Caller, 'cameras'>,
): readonly CameraId[] | undefined {
  if (camera !== undefined && cameras?.has(camera) === false) {
    throw refusal('forbidden:camera');
  }
  return camera === undefined ? cameras && [...cameras].map(cameraId) : [cameraId(camera)];
}
