import type {
  PassageDetails,
  PassageItem,
  PersonRef,
  ReadablePassage,
  BlindPeriod as ShownBlindPeriod,
  TimelinePassage,
} from '../../contract/passages.js';
import { rounded } from '../../kernel/identification/identify-track.js';
import type { PersonId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { linesOf } from '../../kernel/liveness/curve-eyes.js';
import { type OpennessCurve, samplesOf } from '../../kernel/liveness/openness-curve.js';
import type { BlindPeriod } from '../../kernel/passages/blind-period.js';
import type { ClipAbsence, PassageClip } from '../../kernel/passages/clip.js';
import { explainPassage } from '../../kernel/passages/explain-passage.js';
import type { StandingMark } from '../../kernel/passages/mark.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import { said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';
import type { StoredPassage } from './passage-journal.js';

/** The name of a person for one reader; undefined for one who may not see names, and where there is none. */
export type NameOf = (id: PersonId) => string | undefined;

/** A passage in a list. One that cannot be opened takes its own place and no other's. */
export function shownPassage({ number, id, passage }: StoredPassage, nameOf: NameOf): PassageItem {
  return passage === undefined ? { number, id, unreadable: true } : readable(number, passage, nameOf);
}

/** A passage as a mark on a timeline. */
export function timelinePassage(passage: Passage, nameOf: NameOf): TimelinePassage {
  const { id, cameraId, startedAtMs, outcome, personId } = passage;
  return {
    ...{ id, camera: cameraId, startedAt: isoTime(startedAtMs), inSightS: inSightS(passage), outcome },
    ...present({ person: personId && personRef(personId, nameOf), stranger: shownStranger(passage)?.id }),
  };
}

export function shownBlindPeriod({ cameraId, fromMs, untilMs, cause, code }: BlindPeriod): ShownBlindPeriod {
  return {
    ...present({ camera: cameraId }),
    ...{ from: isoTime(fromMs), until: isoTime(untilMs), cause },
    ...present({ code }),
  };
}

/** Everything about a passage. */
export function passageDetails(
  number: number,
  passage: Passage,
  nameOf: NameOf,
  {
    hasPicture,
    clip,
    mark,
    reference,
  }: {
    readonly hasPicture: boolean;
    readonly clip: PassageClip | undefined;
    readonly mark: StandingMark | undefined;
    readonly reference?: PassageDetails['reference'];
  },
): PassageDetails {
  const { views, recogniser, threshold, margin, liveness, openness, nearest, cooldown } = passage;
  return {
    ...readable(number, passage, nameOf),
    recogniser,
    views: {
      ...{ count: views.count, embedded: views.embedded, faults: views.faults },
      ...present({ best: views.best && bestView(views.best) }),
    },
    ...{ threshold, margin, hasPicture },
    liveness: { ...liveness, ...present({ openness: openness && shownOpenness(openness) }) },
    nearest: nearest.map(({ personId, similarity, threshold: own }) => ({
      ...{ similarity, threshold: own, person: personRef(personId, nameOf) },
    })),
    ...present({
      cooldown: cooldown && shownCooldown(cooldown),
      clip: clip && shownClip(clip),
      mark: mark && shownMark(mark, nameOf),
      reference,
    }),
  };
}

function readable(number: number, passage: Passage, nameOf: NameOf): ReadablePassage {
  const { id, cameraId, startedAtMs, lastSeenMs, end, outcome, reason, personId, events } = passage;
  return {
    ...{ number, id, camera: cameraId },
    ...{ startedAt: isoTime(startedAtMs), lastSeenAt: isoTime(lastSeenMs) },
    inSightS: inSightS(passage),
    ...present({ end }),
    ...{ outcome, reason },
    ...inEnglish(explainPassage(passage, (person) => nameOf(person) ?? person)),
    ...present({ person: personId && personRef(personId, nameOf), stranger: shownStranger(passage) }),
    events,
  };
}

/** A stranger who was assigned stays in the row while this can be taken back. */
function shownStranger({ stranger, assignedTo }: Passage): Passage['stranger'] {
  return assignedTo === undefined ? stranger : undefined;
}

/** Seconds from the first to the last time the face was seen. */
export function inSightS({ startedAtMs, lastSeenMs }: Passage): number {
  return Math.max(0, lastSeenMs - startedAtMs) / 1000;
}

export function personRef(id: PersonId, nameOf: NameOf): PersonRef {
  return { id, ...present({ name: nameOf(id) }) };
}

function shownMark({ was, personId, occurredAtMs }: StandingMark, nameOf: NameOf) {
  return { was, at: isoTime(occurredAtMs), ...present({ person: personId && personRef(personId, nameOf) }) };
}

function shownClip({ state, fromMs, untilMs, frameCount, bytes, isShort }: PassageClip) {
  return {
    state,
    ...(state === 'kept' || state === 'pending' ? {} : clipAbsenceTexts(state)),
    ...{ from: isoTime(fromMs), until: isoTime(untilMs), frames: frameCount, bytes, isShort },
  };
}

function clipAbsenceTexts(absence: ClipAbsence) {
  return inEnglish({
    message: said(`passages/clip-${absence}`),
    remedy: said(`passages/remedy-clip-${absence}`),
  });
}

function bestView({ quality, ...measures }: NonNullable<Passage['views']['best']>) {
  return { ...measures, score: quality.score };
}

function shownOpenness(curve: OpennessCurve): NonNullable<PassageDetails['liveness']['openness']> {
  const { openEyes, closedUnder } = linesOf(curve) ?? {};
  return {
    samples: samplesOf(curve).map(({ atMs, eyes }) => ({
      afterS: rounded(atMs / 1000),
      ...(typeof eyes === 'number' ? { openness: rounded(eyes) } : { fault: eyes }),
    })),
    ...present({
      openEyes: openEyes && rounded(openEyes),
      closedUnder: closedUnder && rounded(closedUnder),
    }),
  };
}

function shownCooldown({ passageId, ...times }: NonNullable<Passage['cooldown']>) {
  return { ...times, ...present({ passage: passageId }) };
}
