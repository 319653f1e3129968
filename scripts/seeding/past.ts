import { newPassageId } from '../../daemon/core/records/event-id.js';
import type { LocalTime } from '../../daemon/kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf, weekdayOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import type { BoxEvent, Direction, Fact, PublishedLiveness } from '../../daemon/kernel/events/event.js';
import { cameraId, type PersonId, type RecogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { Random } from '../../daemon/kernel/random.js';
import type { Habit } from './people.js';

/** Days before today that the past of a demo box has. */
export const pastDays = 14;

/** Between these times before now, strangers come: one who is remembered was seen within three days. */
export const strangerTimes = { sinceMs: 6 * 86_400_000, untilMs: 60_000 } as const;

/** The cameras of a demo box, by what passing them means. */
export const cameras = { in: 'front-door', out: 'back-door' } as const;

export interface SeededPerson {
  readonly id: PersonId;
  readonly habit: Habit;
}

interface PastOptions {
  readonly persons: readonly SeededPerson[];
  readonly localTime: LocalTime;
  /** The past ends here. */
  readonly nowMs: number;
  readonly recogniser: RecogniserId;
  readonly threshold: number;
  readonly random: Random;
}

/** A passage of a day: which way, and when by the clock of the site. Hours above 24 are on the next day. */
interface Passage {
  readonly direction: 'in' | 'out';
  readonly hour: number;
  readonly isProven?: false;
}

/** The usual day of a person. `day` counts from the first day of the past. */
function usualDay(habit: Habit, day: number, unit: () => number): readonly Passage[] {
  const soon = (hours: number): number => hours * unit();
  const came = (hour: number): Passage => ({ direction: 'in', hour });
  const left = (hour: number): Passage => ({ direction: 'out', hour });
  switch (habit) {
    case 'punctual':
      return [came(7.8 + soon(0.25)), left(17 + soon(0.2))];
    case 'late':
      return [came((day % 3 === 0 ? 8.4 : 7.9) + soon(0.15)), left(17 + soon(0.3))];
    case 'long':
      return [came(7.5 + soon(0.3)), left(18 + soon(1.5))];
    case 'forgetful':
      return [came(7.8 + soon(0.2)), ...(day % 4 === 1 ? [] : [left(17 + soon(0.2))])];
    case 'hidden':
      // Five days and two days ago are among these, and one of the two is a working day whatever today is.
      return [2, 4].includes(day % 5)
        ? [
            { ...came(7.9 + soon(0.1)), isProven: false },
            { ...left(17 + soon(0.2)), isProven: false },
          ]
        : [came(7.8 + soon(0.2)), left(17 + soon(0.2))];
    case 'night':
      return [came(21.8 + soon(0.2)), left(30 + soon(0.2))];
  }
}

export const live = (atMs: number, observedS: number): PublishedLiveness => ({
  ...{ verdict: 'live', reason: 'blinked', observedS, frameCount: Math.round(observedS * 15) },
  blinks: [{ time: new Date(atMs - 1500).toISOString(), durationS: 0.2 }],
});
/** Of a person who did not blink. Somebody who stayed for longer than an attack takes to show attends where no blink is required. */
const unblinking = (observedS: number): PublishedLiveness => ({
  ...{ verdict: 'undetermined', reason: 'observed-too-briefly', blinks: [] },
  ...{ observedS, frameCount: Math.round(observedS * 15) },
});
/** In front of the display at the back door, which asks for a challenge, without doing what it asks for. */
const idle = (observedS: number): PublishedLiveness => ({
  ...unblinking(observedS),
  reason: 'challenge-not-passed',
});
/** At the back door, a blink is not enough: the person did what the display asked for. */
const asAsked = (liveness: PublishedLiveness, direction: Direction): PublishedLiveness =>
  direction === 'out' ? { ...liveness, reason: 'challenge-passed' } : liveness;
const still: PublishedLiveness = {
  ...{ verdict: 'attack', reason: 'still-picture', blinks: [] },
  ...{ observedS: 12, frameCount: 180 },
};

/**
 * What the box would have recorded in the two weeks before now, and today so far, in the order of time: attendance on working
 * days, some strangers, two presentation attacks, a passage that could be of either of two persons, a person who was barred that day, and a camera that failed.
 */
export function pastOf(options: PastOptions): readonly BoxEvent[] {
  const { localTime, nowMs, persons } = options;
  const today = dayNumberOf(localTime.at(nowMs).date);
  const events: BoxEvent[] = [];
  const factsOf = factsFrom(options);
  for (let day = 0; day <= pastDays; day += 1) {
    const date = dateOfDay(today - pastDays + day);
    const at = (hour: number): number =>
      localTime.instantOf(
        dateOfDay(dayNumberOf(date) + Math.floor(hour / 24)),
        Math.floor((hour % 24) * 3600),
      );
    if (!['sat', 'sun'].includes(weekdayOf(date))) {
      for (const person of persons) events.push(...factsOf.passages(person, day, at));
      events.push(factsOf.stranger(at(10 + (day % 5))));
    }
    if (day % 7 === 3) events.push(factsOf.attack(at(12.5), persons[0]));
    if (day === pastDays - 3) events.push(...factsOf.refused(at(12.2), persons.at(-1)));
    if (day === 9) events.push(...factsOf.either(at(12), persons), ...cameraOutage(at(13), at(13.4)));
  }
  return events
    .filter(({ occurredAtMs }) => occurredAtMs < nowMs)
    .sort((one, other) => one.occurredAtMs - other.occurredAtMs);
}

function cameraOutage(fromMs: number, untilMs: number): readonly BoxEvent[] {
  const about = { kind: 'camera', cameraId: cameraId(cameras.out) } as const;
  return [
    { ...about, occurredAtMs: fromMs, state: 'failed', code: 'no-answer' },
    { ...about, occurredAtMs: untilMs, state: 'streaming' },
  ];
}

function factsFrom({ recogniser, threshold, random }: PastOptions) {
  const unit = (): number => random.unit();
  let tracks = 0;
  const seenAt = (occurredAtMs: number, direction: Direction) => {
    tracks += 1;
    const camera = direction === 'out' ? cameras.out : cameras.in;
    return {
      ...{ occurredAtMs, cameraId: cameraId(camera), trackId: trackId(`demo-${tracks}`), recogniser },
      passageId: newPassageId(occurredAtMs, random),
      quality: 0.75 + 0.2 * unit(),
    };
  };
  /** Thresholds of some recognisers are near to 1. */
  const similarity = (): number => threshold + (1 - threshold) * (0.2 + 0.5 * unit());
  return {
    passages: ({ id, habit }: SeededPerson, day: number, at: (hour: number) => number): readonly Fact[] =>
      usualDay(habit, day, unit).map(({ direction, hour, isProven }) => {
        const occurredAtMs = at(hour);
        const recognised = {
          ...seenAt(occurredAtMs, direction),
          ...{ personId: id, direction, similarity: similarity(), threshold, margin: 0.1 + 0.2 * unit() },
        };
        return isProven === false
          ? {
              kind: 'recognised-unproven',
              ...recognised,
              liveness: direction === 'in' ? unblinking(1.5) : idle(8.5),
            }
          : {
              kind: 'attendance',
              ...recognised,
              liveness: asAsked(live(occurredAtMs, 2 + 3 * unit()), direction),
            };
      }),
    stranger: (atMs: number): Fact => ({
      ...{ kind: 'unknown', ...seenAt(atMs, 'in'), threshold },
      ...{ bestSimilarity: threshold / 2, liveness: live(atMs, 4) },
    }),
    attack: (atMs: number, shown: SeededPerson | undefined): Fact => ({
      ...{ kind: 'attack', ...seenAt(atMs, 'in'), liveness: still },
      ...(shown === undefined
        ? { personId: null, similarity: null }
        : { personId: shown.id, similarity: similarity() }),
    }),
    refused: (atMs: number, barred: SeededPerson | undefined): readonly Fact[] =>
      barred === undefined
        ? []
        : [
            {
              ...{ kind: 'recognised-refused', ...seenAt(atMs, 'in'), personId: barred.id, reason: 'barred' },
              ...{
                direction: 'in',
                similarity: similarity(),
                threshold,
                margin: 0.2,
                liveness: live(atMs, 3),
              },
            },
          ],
    /** A passage that could be of the first or of the second person. */
    either(atMs: number, [first, second]: readonly SeededPerson[]): readonly Fact[] {
      if (first === undefined || second === undefined) return [];
      const close = similarity();
      const candidates = [
        { personId: first.id, similarity: close },
        { personId: second.id, similarity: close - 0.01 },
      ] as const;
      return [
        {
          ...{ kind: 'recognised-ambiguous', ...seenAt(atMs, 'in'), candidates, threshold },
          ...{ reason: 'within-margin', direction: 'in', liveness: live(atMs, 3) },
        },
      ];
    },
  };
}
