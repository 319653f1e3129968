import { newPassageId } from '../../daemon/core/records/event-id.js';
import type { LocalTime } from '../../daemon/kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf, weekdayOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import type { AttendanceFact, Fact } from '../../daemon/kernel/events/event.js';
import type { QualityReason } from '../../daemon/kernel/faces/quality.js';
import type { ViewMeasures } from '../../daemon/kernel/faces/view-tally.js';
import type { NearPerson } from '../../daemon/kernel/identification/identify-track.js';
import {
  cameraId,
  type EventId,
  type PassageId,
  type PersonId,
  type RecogniserId,
  trackId,
} from '../../daemon/kernel/ids.js';
import type { Passage, PassageLiveness } from '../../daemon/kernel/passages/passage.js';
import type { Random } from '../../daemon/kernel/random.js';
import { areEyesHidden, eyesOf } from './eyes.js';
import { cameras, type SeededPerson } from './past.js';

export interface PassageOptions {
  readonly localTime: LocalTime;
  readonly nowMs: number;
  readonly recogniser: RecogniserId;
  readonly threshold: number;
  readonly margin: number;
  readonly persons: readonly SeededPerson[];
  readonly random: Random;
}

/** Days before today with passages. Retention deletes passages after a week. */
const passageDays = 5;

const good: ViewMeasures = {
  quality: { score: 0.84, reasons: [] },
  ...{ widthPx: 148, smallestFacePx: 90, yawDeg: 6, pitchDeg: 4, meanLuma: 124, sharpness: 1.2 },
};

/** What the best view of a face measured that could not be used. */
const faulty: Readonly<Record<QualityReason, Partial<ViewMeasures>>> = {
  'too-small': { widthPx: 54 },
  blurred: { sharpness: 0.11 },
  dark: { meanLuma: 31 },
  overexposed: { meanLuma: 238 },
  'turned-away': { yawDeg: 58 },
  occluded: {},
  'cut-off': {},
};

/** Why faces were not recognised, the frequent reasons first. */
const faults = ['too-small', 'turned-away', 'blurred', 'dark', 'too-small', 'occluded', 'cut-off'] as const;

/** The passages of these events, which are the events' records of the last days, and passages without an event. */
export function passagesOf(
  events: readonly (Fact & { readonly id: EventId })[],
  options: PassageOptions,
): readonly Passage[] {
  const { localTime, nowMs } = options;
  const today = dayNumberOf(localTime.at(nowMs).date);
  const firstMs = localTime.instantOf(dateOfDay(today - passageDays), 0);
  const recent = events.filter(({ occurredAtMs }) => occurredAtMs >= firstMs);
  const attended = recent.filter((event) => event.kind === 'attendance');
  const unseen = Array.from({ length: passageDays + 1 }, (_, day) => dateOfDay(today - passageDays + day));
  return [
    ...recent.map((event) => ofEvent(event, options)),
    ...attended.map((event) => repeated(event, options)),
    ...unseen.flatMap((date) => undecided(date, options)),
  ]
    .filter(({ lastSeenMs }) => lastSeenMs < nowMs)
    .map(withProbes)
    .sort((one, other) => one.startedAtMs - other.startedAtMs);
}

/** The similarity of each view to each of the nearest persons: a little around the mean, as views differ. */
function withProbes(passage: Passage): Passage {
  const { embedded } = passage.views;
  if (embedded === 0) return passage;
  return {
    ...passage,
    probeQualities: Array.from({ length: embedded }, () => 0.8),
    nearest: passage.nearest.map((near) => ({
      ...near,
      ofProbes: Array.from(
        { length: embedded },
        (_, index) => near.similarity + 0.01 * (index - (embedded - 1) / 2),
      ),
    })),
  };
}

function ofEvent(event: Fact & { readonly id: EventId }, options: PassageOptions): Passage {
  const { occurredAtMs, passageId, cameraId: camera, trackId: track, quality, liveness } = event;
  const { blinks, ...seen } = liveness;
  const isChallenge = liveness.reason.startsWith('challenge-');
  const unit = (): number => options.random.unit();
  const startedAtMs = occurredAtMs - Math.round(1_000 * (liveness.observedS + unit()));
  const blinked = blinks.map(({ time, durationS }) => ({
    afterS: Math.max(0, Date.parse(time) - startedAtMs) / 1_000,
    durationS,
  }));
  const untilS = (occurredAtMs - startedAtMs) / 1_000;
  return {
    ...baseOf(options, { id: passageId, startedAtMs, lastSeenMs: occurredAtMs + Math.round(3_000 * unit()) }),
    ...{ cameraId: camera, trackId: track, events: [event.id] },
    ...decisionOf(event, options),
    views: {
      ...{ count: liveness.frameCount, embedded: 3, faults: unit() < 0.3 ? { blurred: 2 } : {} },
      best: { ...good, quality: { score: quality, reasons: [] }, widthPx: Math.round(110 + 90 * unit()) },
    },
    liveness: {
      ...{ require: isChallenge ? 'challenge' : 'blink', ...seen, blinkCount: blinks.length },
      blinks: blinked,
    },
    openness: eyesOf({ untilS, blinks: blinked, random: options.random }),
  };
}

const unprovenReason = ({ liveness }: Pick<Fact, 'liveness'>) =>
  liveness.reason === 'challenge-not-passed' ? 'challenge-not-passed' : 'seen-too-briefly';

/** Outcome, reason and persons as the daemon decides with such an event. */
function decisionOf(
  event: Fact,
  options: PassageOptions,
): Pick<Passage, 'outcome' | 'reason' | 'nearest' | 'personId' | 'stranger'> {
  switch (event.kind) {
    case 'unknown': {
      const { stranger } = event;
      return {
        ...{
          outcome: 'stranger',
          reason: 'stranger',
          nearest: others(event.bestSimilarity ?? 0, [], options),
        },
        ...(stranger === undefined ? {} : { stranger: { id: stranger.id, visit: stranger.visit } }),
      };
    }
    case 'recognised-ambiguous': {
      const nearest = event.candidates.map((candidate) => ({ ...candidate, threshold: event.threshold }));
      return { outcome: 'ambiguous', reason: event.reason, nearest };
    }
    case 'attack': {
      const person = event.personId === null ? {} : { personId: event.personId };
      const nearest =
        event.personId === null ? [] : nearestTo(event.personId, event.similarity ?? 0, options);
      return { outcome: 'attack', reason: 'still-picture', ...person, nearest };
    }
    default: {
      const { personId } = event;
      const known = { personId, nearest: nearestTo(personId, event.similarity, options) };
      if (event.kind === 'recognised-unproven')
        return { outcome: 'unproven', reason: unprovenReason(event), ...known };
      if (event.kind === 'recognised-refused') return { outcome: 'refused', reason: event.reason, ...known };
      return { outcome: 'attended', reason: 'attended', ...known };
    }
  }
}

/** The person comes by again a few minutes after the attendance: no second event. */
function repeated(event: AttendanceFact & { readonly id: EventId }, options: PassageOptions): Passage {
  const { random } = options;
  const elapsedS = Math.round(60 + 400 * random.unit());
  const startedAtMs = event.occurredAtMs + elapsedS * 1_000;
  const id = newPassageId(startedAtMs, random);
  const blinks = [1.2, 2.9].map((afterS) => ({ afterS, durationS: 0.2 }));
  const liveness: PassageLiveness = {
    ...{ require: 'blink', verdict: 'live', reason: 'blinked', blinkCount: blinks.length, blinks },
    ...{ observedS: 4.2, frameCount: 63 },
  };
  return {
    ...baseOf(options, { id, startedAtMs, lastSeenMs: startedAtMs + 5_200 }),
    ...{ cameraId: event.cameraId, outcome: 'attended', reason: 'attended-before', liveness },
    ...{ personId: event.personId, nearest: nearestTo(event.personId, event.similarity - 0.02, options) },
    openness: eyesOf({ untilS: 3.4, blinks, random }),
    cooldown: { elapsedS, cooldownS: 600, passageId: event.passageId },
  };
}

/** Faces of a day that were not seen well enough, and passages that broke off. */
function undecided(date: string, options: PassageOptions): readonly Passage[] {
  const { localTime, random } = options;
  const count = ['sat', 'sun'].includes(weekdayOf(date)) ? 12 : 45;
  return Array.from({ length: count }, (_, index) => {
    const hour = 7 + (11 * (index + random.unit())) / count;
    const startedAtMs = localTime.instantOf(date, Math.floor(hour * 3600));
    const id = newPassageId(startedAtMs, random);
    const seconds = 1 + 5 * random.unit();
    const base = {
      ...baseOf(options, { id, startedAtMs, lastSeenMs: startedAtMs + Math.round(seconds * 1_000) }),
      cameraId: cameraId(index % 3 === 0 ? cameras.out : cameras.in),
    };
    const views = Math.round(seconds * 15);
    const eyes = { untilS: seconds, blinks: [], random };
    if (index % 11 === 10) {
      const tally = { count: views, embedded: 1, faults: {}, best: good };
      return { ...base, openness: eyesOf(eyes), views: tally };
    }
    const fault = faults[index % faults.length] ?? 'too-small';
    const best = { ...good, ...faulty[fault], quality: { score: 0.2, reasons: [fault] } };
    return {
      ...base,
      reason: fault,
      openness: eyesOf({ ...eyes, fault }),
      liveness: { ...base.liveness, ...(areEyesHidden(fault) ? { observedS: 0, frameCount: 0 } : {}) },
      views: { count: views, embedded: 0, faults: { [fault]: views - 2 }, best },
    };
  });
}

function baseOf(
  { recogniser, threshold, margin }: PassageOptions,
  times: { readonly id: PassageId; readonly startedAtMs: number; readonly lastSeenMs: number },
): Passage {
  return {
    ...times,
    ...{ cameraId: cameraId(cameras.in), trackId: trackId(`demo-${times.id.slice(-8)}`), end: 'left' },
    ...{
      outcome: 'undecided',
      reason: 'too-few-views',
      events: [],
      nearest: [],
      recogniser,
      threshold,
      margin,
    },
    views: { count: 60, embedded: 3, faults: {}, best: good },
    liveness: {
      ...{ require: 'blink', verdict: 'undetermined', reason: 'observed-too-briefly' },
      ...{ blinkCount: 0, observedS: 0.9, frameCount: 13 },
    },
  };
}

function nearestTo(personId: PersonId, similarity: number, options: PassageOptions): readonly NearPerson[] {
  const rest = others(options.threshold / 2, [personId], options);
  return [{ personId, similarity, threshold: options.threshold }, ...rest.slice(0, 2)];
}

/** Persons who are far away, the nearest of them with this similarity. */
function others(
  similarity: number,
  except: readonly PersonId[],
  { persons, threshold, random }: PassageOptions,
): readonly NearPerson[] {
  const known = persons.filter(({ id }) => !except.includes(id));
  const first = Math.floor(random.unit() * known.length);
  return [0, 1, 2].flatMap((rank) => {
    const person = known[(first + rank) % known.length];
    return person === undefined
      ? []
      : [{ personId: person.id, similarity: similarity - 0.03 * rank, threshold }];
  });
}
