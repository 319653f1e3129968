import { newPassageId } from '../../daemon/core/records/event-id.js';
import type { LocalTime } from '../../daemon/kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import type { UnknownFact } from '../../daemon/kernel/events/event.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { cameraId, type PassageId, type RecogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { Random } from '../../daemon/kernel/random.js';
import type { StrangerBook, StrangerSight } from '../../daemon/kernel/strangers/stranger-book.js';
import { portrait, samplePhotograph } from '../virtual-camera/cast.js';
import { cameras, live, strangerTimes } from './past.js';

/** When a stranger passes: days before today, hour of the site, camera. */
type Visit = readonly [daysAgo: number, hour: number, camera: 'in' | 'out'];

/** A stranger of the demo: a face of the sample photographs that no demo person has. */
interface DemoStranger {
  /** Two strangers with one face are one person whom the box did not recognise again. */
  readonly face: number;
  readonly visits: readonly Visit[];
}

const faces: readonly { readonly sample: number; readonly face: Box }[] = [
  { sample: 3, face: { x: 1476, y: 327, width: 218, height: 240 } },
  { sample: 3, face: { x: 1096, y: 250, width: 200, height: 250 } },
  { sample: 3, face: { x: 590, y: 360, width: 180, height: 230 } },
  { sample: 4, face: { x: 265, y: 225, width: 170, height: 215 } },
  { sample: 1, face: { x: 400, y: 350, width: 190, height: 230 } },
];

const courier: readonly Visit[] = [5, 4, 3, 2, 1, 0].flatMap((day): readonly Visit[] => [
  [day, 10.2, 'in'],
  [day, 10.6, 'out'],
]);

const strangers: readonly DemoStranger[] = [
  { face: 0, visits: courier },
  {
    face: 1,
    visits: [
      [4, 14.1, 'in'],
      [2, 9.4, 'in'],
      [1, 15.3, 'out'],
      [1, 15.6, 'in'],
    ],
  },
  { face: 2, visits: [[1, 11.5, 'in']] },
  {
    face: 3,
    visits: [
      [2, 16.2, 'in'],
      [1, 16.4, 'in'],
    ],
  },
  {
    face: 4,
    visits: [
      [3, 8.9, 'out'],
      [1, 9.1, 'in'],
      [1, 18.2, 'out'],
    ],
  },
  {
    face: 0,
    visits: [
      [2, 19.1, 'out'],
      [1, 19.3, 'out'],
    ],
  },
];

interface Options {
  readonly localTime: LocalTime;
  readonly nowMs: number;
  readonly recogniser: RecogniserId;
  readonly dimensions: number;
  readonly threshold: number;
  readonly random: Random;
}

/** An event about a stranger, and which face of the sample photographs it shows. */
export interface StrangerVisit {
  readonly fact: UnknownFact;
  readonly face: number;
}

/** The picture of a face of the strangers. */
export function pictureOfStranger(face: number): Promise<Buffer> {
  const found = faces[face];
  if (found === undefined) throw new RangeError(`the demo has no stranger with the face ${face}`);
  return portrait({ photo: samplePhotograph(found.sample), face: found.face });
}

/** Lets the book see the strangers of the last days, in the order of time. Embeddings are made up: only their angles count. */
export function visitsOfStrangers(book: StrangerBook, options: Options): readonly StrangerVisit[] {
  const { localTime, nowMs, recogniser, threshold, random } = options;
  const today = dayNumberOf(localTime.at(nowMs).date);
  const bases = basesOf(options);
  return strangers
    .flatMap(({ face, visits }, number) =>
      visits.map(([daysAgo, hour, camera], visit) => {
        const atMs = localTime.instantOf(dateOfDay(today - daysAgo), Math.floor(hour * 3600));
        return { face, number, visit, camera: cameras[camera], atMs };
      }),
    )
    .filter(({ atMs }) => atMs < nowMs - strangerTimes.untilMs && atMs >= nowMs - strangerTimes.sinceMs)
    .sort((one, other) => one.atMs - other.atMs)
    .map(({ face, number, visit, camera, atMs }): StrangerVisit => {
      const passageId = newPassageId(atMs, random);
      const sight: StrangerSight = {
        ...{ passageId, cameraId: cameraId(camera), recogniser, threshold },
        ...{ firstSeenMs: atMs - 4_000, lastSeenMs: atMs + 2_000 },
        views: viewsOf(bases, number, visit, random),
      };
      const known = book.see(sight);
      book.noteRecorded(passageId, atMs);
      book.end(passageId);
      return { face, fact: factOf({ passageId, camera, atMs, recogniser, threshold }, known) };
    });
}

function factOf(
  about: {
    readonly passageId: PassageId;
    readonly camera: string;
    readonly atMs: number;
    readonly recogniser: RecogniserId;
    readonly threshold: number;
  },
  { stranger }: ReturnType<StrangerBook['see']>,
): UnknownFact {
  const { passageId, camera, atMs, recogniser, threshold } = about;
  return {
    ...{ kind: 'unknown', occurredAtMs: atMs, passageId, recogniser, threshold },
    ...{ cameraId: cameraId(camera), trackId: trackId(`demo-stranger-${passageId.slice(-6)}`) },
    ...{ quality: 0.82, bestSimilarity: threshold / 2, liveness: live(atMs, 4) },
    ...(stranger === undefined ? {} : { stranger }),
  };
}

type Bases = readonly Embedding[];

/** A direction for each stranger. The last one lies just outside the threshold of the first: the same face, not recognised again. */
function basesOf({ dimensions, threshold, random }: Options): Bases {
  const axes = strangers.map((_, axis) => {
    const base = new Float32Array(dimensions);
    base[axis] = 1;
    return base;
  });
  const [first] = axes;
  const last = axes.at(-1);
  if (first === undefined || last === undefined) return axes;
  const cosine = threshold - 0.05 - 0.01 * random.unit();
  return [...axes.slice(0, -1), blend(first, cosine, last, Math.sqrt(1 - cosine ** 2))];
}

/** Three views of a passage. On the last visit of the last stranger, one view lies between that stranger and the first. */
function viewsOf(bases: Bases, number: number, visit: number, random: Random): StrangerSight['views'] {
  const [first] = bases;
  const own = bases[number];
  if (first === undefined || own === undefined) return [];
  const between = number === bases.length - 1 && visit > 0 ? [blend(own, 1, first, 1)] : [];
  const noisy = [0, 1].map(() => blend(own, 1, noise(own.length, random), 0.12));
  return [...noisy, ...between].map((embedding) => ({ embedding, quality: 0.7 + 0.25 * random.unit() }));
}

function noise(length: number, random: Random): Embedding {
  return blend(
    Float32Array.from({ length }, () => random.unit() - 0.5),
    1,
    new Float32Array(length),
    0,
  );
}

/** The sum of two embeddings with these weights, of unit length. */
function blend(one: Embedding, ofOne: number, other: Embedding, ofOther: number): Embedding {
  const sum = one.map((value, axis) => ofOne * value + ofOther * (other[axis] ?? 0));
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}
