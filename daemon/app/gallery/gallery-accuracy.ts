import { actorOf } from '../../audit/actor.js';
import { present } from '../../base/present.js';
import type { AccuracyReport, accuracyOperations } from '../../contract/accuracy.js';
import type { Handlers } from '../../contract/handlers.js';
import type { PersonLikeness } from '../../domain/identification/calibration.js';
import { detCurveSteps } from '../../domain/identification/det-curve.js';
import { wilsonInterval } from '../../domain/identification/error-rates.js';
import type { PersonId } from '../../domain/ids.js';
import { falselyMatched, type Mark, missedPerson } from '../../domain/passages/mark.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { personRef } from '../passages/shown-passage.js';
import { type GalleryCalibration, inSlices } from './gallery-calibration.js';

const mostOwnThresholds = 200;
const mostConfused = 24;

export interface AccuracyOptions {
  readonly calibration: Pick<GalleryCalibration, 'latest'>;
  readonly marks: () => readonly Mark[];
  readonly nameOf: (id: string) => string | undefined;
  readonly readings: Pick<ReadingTrail, 'note'>;
}

type OwnThreshold = AccuracyReport['ownThresholds'][number];
type Cell = { from?: PersonId; to?: PersonId; similarity?: number; marked: number };

export function accuracyHandlers(options: AccuracyOptions): Handlers<typeof accuracyOperations> {
  const { calibration, marks, readings } = options;
  return {
    async 'reports.accuracy'(_, { caller, signal }) {
      const { recogniser, threshold, margin, targetFpir, persons, thresholds } = await calibration.latest();
      const isNamed = caller.scopes.has('names:read');
      const ref = (id: PersonId) => personRef(id, (each) => (isNamed ? options.nameOf(each) : undefined));
      const { at, ...det } = await inSlices(detCurveSteps(persons), signal);
      const inForce = at(threshold);
      const own = [...thresholds.values()]
        .filter((each) => each.threshold > threshold)
        .sort((a, b) => b.threshold - a.threshold);
      const details = { persons: persons.length };
      readings.note({ by: actorOf(caller), action: 'person.listed', details });
      return {
        ...{ recogniser, threshold, margin, ...present({ targetFpir }), persons: persons.length },
        det: {
          ...det,
          ...present({
            inForce: inForce && {
              ...inForce,
              fmrInterval: wilsonInterval(inForce.fmr, det.impostor),
              fnmrInterval: wilsonInterval(inForce.fnmr, det.genuine),
            },
          }),
        },
        ownThresholds: own
          .slice(0, mostOwnThresholds)
          .flatMap(({ personId, reason, fmr, fnmr, ...each }): OwnThreshold[] =>
            reason === 'floor'
              ? []
              : [{ person: ref(personId), threshold: each.threshold, reason, ...present({ fmr, fnmr }) }],
          ),
        ownThresholdCount: own.length,
        confusion: confusionOf(persons, marks(), ref),
      };
    },
  };
}

/** Whom the box took for whom, by the marks, and who could be taken for whom, by the photographs. */
function confusionOf(
  persons: readonly PersonLikeness[],
  marks: readonly Mark[],
  ref: (id: PersonId) => AccuracyReport['confusion']['persons'][number],
): AccuracyReport['confusion'] {
  const cells = new Map<string, Cell>();
  const cellOf = (from: PersonId | undefined, to: PersonId | undefined): Cell => {
    const key = `${from ?? ''} ${to ?? ''}`;
    const cell = cells.get(key) ?? { ...present({ from, to }), marked: 0 };
    cells.set(key, cell);
    return cell;
  };
  for (const mark of marks) {
    const taken = falselyMatched(mark);
    const missed = missedPerson(mark);
    const isFace = mark.was !== 'nobody';
    if (isFace && (taken !== undefined || missed !== undefined)) cellOf(missed, taken).marked += 1;
  }
  // The neighbour is the one who would be taken for this person.
  for (const { personId, neighbours } of persons) {
    for (const { personId: neighbour, similarity } of neighbours)
      cellOf(neighbour, personId).similarity = similarity;
  }
  const ranked = [...cells.values()].sort(
    (a, b) => b.marked - a.marked || (b.similarity ?? -1) - (a.similarity ?? -1),
  );
  const known = new Set(persons.map(({ personId }) => personId));
  const chosen = new Set<PersonId>();
  for (const { from, to } of ranked) {
    const more = [from, to].filter((id) => id !== undefined && known.has(id) && !chosen.has(id));
    if (chosen.size + more.length > mostConfused) break;
    for (const id of more) if (id !== undefined) chosen.add(id);
  }
  const isShown = (id: PersonId | undefined): boolean => id === undefined || chosen.has(id);
  return {
    persons: [...chosen].map(ref),
    cells: ranked.filter(({ from, to }) => isShown(from) && isShown(to)),
  };
}
