import type { Caller } from '../../contract/caller.js';
import type { MarkRequest, MissedRequest } from '../../contract/passage-operations.js';
import type { MarkOutcome } from '../../contract/passages.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { cameraId, type PassageId, type PersonId, personId } from '../../kernel/ids.js';
import { falseMatchesOf, lastMarks, type Mark, type StandingMark } from '../../kernel/passages/mark.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import { checkText } from '../../kernel/printable-text.js';
import { refusal } from '../../words/errors.js';
import { notFound } from '../api/not-found.js';
import type { MarkedAttendance, PassageCorrections } from '../attendance/passage-corrections.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ThresholdEffect } from '../gallery/gallery-calibration.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { Records } from '../records/records.js';
import { lastMarkEventOf, marksOf, recordedMarks } from './recorded-marks.js';

/** As of other corrections. */
const longestNote = 200;

export interface PassageMarksOptions {
  readonly records: Pick<Records, 'record' | 'find' | 'newestOf'>;
  readonly vault: Pick<GalleryVault, 'gallery'>;
  readonly corrections: PassageCorrections;
  readonly audit: Pick<AuditLog, 'append'>;
  /** What the threshold of a person would be with this similarity of a false match, or without one. Undefined while it is unknown. */
  readonly effectOf: (id: PersonId, falseMatch: number | undefined) => Promise<ThresholdEffect | undefined>;
  readonly hasCamera: (id: string) => boolean;
  /** Called after a mark was recorded. */
  readonly onMarked: () => void;
  readonly clock: Clock;
}

type Marker = Pick<Caller, 'actor' | 'origin' | 'scopes' | 'cameras'>;

/** Takes what operators say about passages: corrects attendance, and publishes it. */
export class PassageMarks {
  readonly #options: PassageMarksOptions;

  constructor(options: PassageMarksOptions) {
    this.#options = options;
  }

  /** @throws `mark-refused`, `no-such-person` */
  mark(passage: Passage, { note, ...said }: Omit<MarkRequest, 'passage'>, caller: Marker): MarkOutcome {
    return this.#record(this.#markOf(passage, said), note, caller);
  }

  /**
   * Whether a mark would say something else than the last one, or would correct attendance that the last one left as it was, because
   * its caller lacked the right. Stores nothing. @throws `mark-refused`, `no-such-person`
   */
  isNews(passage: Passage, { note, ...said }: Omit<MarkRequest, 'passage'>, { scopes }: Marker): boolean {
    const mark = this.#markOf(passage, said);
    reasonOf(note, mark);
    const last = this.lastOf(passage.id);
    if (last === undefined || last.was !== mark.was || last.personId !== mark.personId) return true;
    return mayCorrect(scopes) && this.#options.corrections.areDue(this.#attendanceIn(mark, mark.personId));
  }

  /** What a mark would do to thresholds. Stores nothing. @throws `mark-refused`, `no-such-person` */
  async effect(
    passage: Passage,
    said: Pick<MarkRequest, 'was' | 'person'>,
  ): Promise<readonly (ThresholdEffect & { readonly personId: PersonId })[]> {
    const marks = recordedMarks(this.#options.records);
    const mark = { ...this.#markOf(passage, said), occurredAtMs: this.#options.clock.wallMs() };
    const [now, then] = [marks, lastMarks([...marks, mark])].map((each) =>
      falseMatchesOf(each, passage.recogniser),
    );
    const changed = [...new Set([...(now?.keys() ?? []), ...(then?.keys() ?? [])])].filter(
      (id) => now?.get(id) !== then?.get(id),
    );
    const effects = await Promise.all(
      changed.map(async (personId) => {
        const effect = await this.#options.effectOf(personId, then?.get(personId));
        return effect === undefined ? [] : [{ personId, ...effect }];
      }),
    );
    return effects.flat();
  }

  /**
   * Undoes the correction of a passage: attendance is again as the box recorded it. `ifMark`: the event of the mark that is meant.
   * @throws `mark-refused`; `changed-meanwhile` if another mark is the last
   */
  unmark(passage: Passage, caller: Marker, ifMark?: string): MarkOutcome {
    if (ifMark !== undefined && lastMarkEventOf(this.#options.records, passage.id) !== ifMark)
      throw refusal('changed-meanwhile:mark');
    if (this.lastOf(passage.id) === undefined)
      throw refused('nothing was said of it, or it was taken back', 'Reload the passage.');
    const mark = { ...this.#markOf(passage, { was: 'nobody' }), was: 'taken-back' } as const;
    const isRecorded = this.#attendanceOf(passage) !== undefined;
    return this.#record(mark, undefined, caller, isRecorded ? passage.personId : undefined);
  }

  #markOf(passage: Passage, { was, person }: Pick<MarkRequest, 'was' | 'person'>) {
    if (passage.end === undefined) {
      throw refused('the face is still in sight', 'Try again when the passage has ended.');
    }
    if ((was === 'person') !== (person !== undefined)) {
      throw refused('only the mark "person" names a person, and it has to', 'Name the person who it was.');
    }
    const { id, cameraId: camera, outcome, personId: recognised, recogniser, nearest } = passage;
    const similarity = nearest.find((near) => near.personId === recognised)?.similarity;
    return {
      ...{ cameraId: camera, seenAtMs: this.#seenAtMs(passage), was },
      ...present({ personId: person === undefined ? undefined : this.#person(person) }),
      decided: { passageId: id, outcome, recogniser, ...present({ personId: recognised, similarity }) },
    };
  }

  /** What an operator said of a passage last; undefined where it was taken back. */
  lastOf(passage: PassageId): StandingMark | undefined {
    return lastMarks(marksOf(this.#options.records, passage)).at(-1);
  }

  /** The passages of which an operator said who it was. */
  marked(): readonly PassageId[] {
    return recordedMarks(this.#options.records).flatMap(({ decided }) => decided?.passageId ?? []);
  }

  /** @throws `mark-refused`, `no-such-person`, `no-such-camera` */
  missed({ camera, person, at, note }: MissedRequest, caller: Marker): MarkOutcome {
    const { hasCamera, clock } = this.#options;
    if (!hasCamera(camera)) throw notFound('camera', camera, 'rollcall camera list');
    const seenAtMs = Date.parse(at);
    if (seenAtMs > clock.wallMs()) throw refused('the time is in the future', 'Give a time in the past.');
    const missed = {
      cameraId: cameraId(camera),
      seenAtMs,
      was: 'person',
      personId: this.#person(person),
    } as const;
    return this.#record(missed, note, caller);
  }

  #record(
    mark: Omit<Mark, 'occurredAtMs'>,
    note: string | undefined,
    { actor, origin, scopes }: Marker,
    who: PersonId | undefined = mark.personId,
  ): MarkOutcome {
    const { records, corrections, audit, onMarked, clock } = this.#options;
    const reason = reasonOf(note, mark);
    const by: Actor = { actor, origin };
    const { cameraId: camera, was, decided } = mark;
    const attendance = this.#attendanceIn(mark, who);
    let count = 0;
    const event = records.record({ kind: 'mark', occurredAtMs: clock.wallMs(), ...mark }, () => {
      if (mayCorrect(scopes)) count = corrections.apply(attendance, reason, by);
      const about = { camera, was, corrections: count, ...present({ passage: decided?.passageId }) };
      audit.append({ by, action: 'passage.marked', ...present({ subject: who }), details: about });
    });
    onMarked();
    return { event: event.id, corrections: count };
  }

  /** What a mark says about attendance. `who`: who was there. */
  #attendanceIn(
    { cameraId, seenAtMs, decided }: Omit<Mark, 'occurredAtMs'>,
    who: PersonId | undefined,
  ): MarkedAttendance {
    return { cameraId, atMs: seenAtMs, others: this.#others(decided), ...present({ present: who }) };
  }

  /**
   * The persons whom the box, or an earlier mark, took for the one who passed. Not only the last mark: that of a caller without
   * `attendance:write` left the attendance as it was.
   */
  #others(decided: Mark['decided']): readonly PersonId[] {
    if (decided === undefined) return [];
    const earlier = marksOf(this.#options.records, decided.passageId);
    return [...new Set([...earlier, decided].flatMap(({ personId: id }) => id ?? []))];
  }

  /** When its attendance was recorded; without one, when the face was last seen. */
  #seenAtMs(passage: Passage): number {
    return this.#attendanceOf(passage)?.occurredAtMs ?? Math.floor(passage.lastSeenMs);
  }

  #attendanceOf({ events }: Passage) {
    const recorded = events.flatMap((id) => this.#options.records.find(id) ?? []);
    return recorded.find(({ kind }) => kind === 'attendance');
  }

  /** Also a removed person can have been there. */
  #person(id: string): PersonId {
    if (this.#options.vault.gallery().showPerson(personId(id)) !== undefined) return personId(id);
    throw notFound('person', id, 'rollcall person list');
  }
}

/** What counts as worked time needs a right of its own. */
const mayCorrect = (scopes: Marker['scopes']): boolean => scopes.has('attendance:write');

/** The reason of the corrections of attendance. @throws `mark-refused` */
function reasonOf(note: string | undefined, { decided, was }: Pick<Mark, 'decided' | 'was'>): string {
  if (note === undefined) {
    if (was === 'taken-back') return `took back the mark of passage ${decided?.passageId}`;
    return decided === undefined ? 'the box missed the person' : `marked passage ${decided.passageId}`;
  }
  const checked = checkText(note, { what: 'the note', longest: longestNote });
  if ('problem' in checked) throw refused(checked.problem, `Give a note of 1 to ${longestNote} characters.`);
  return checked.text;
}

function refused(problem: string, remedy: string) {
  return refusal('mark-refused', { problem }, { remedy });
}
