import type { AccuracyReport, accuracyOperations } from '../../contract/accuracy.js';
import type { Handlers } from '../../contract/handlers.js';
import { actorOf } from '../../kernel/actor.js';
import { detCurveSteps, wilsonInterval } from '../../kernel/identification/error-rates.js';
import type { PersonId } from '../../kernel/ids.js';
import { confusionSteps } from '../../kernel/passages/confusion.js';
import type { Mark } from '../../kernel/passages/mark.js';
import { present } from '../../kernel/present.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { type GalleryCalibration, inSlices } from '../gallery/gallery-calibration.js';
import { personRef } from '../passages/shown-passage.js';

const mostOwnThresholds = 200;

export interface AccuracyOptions {
  readonly calibration: Pick<GalleryCalibration, 'latest'>;
  readonly marks: () => readonly Mark[];
  readonly nameOf: (id: string) => string | undefined;
  readonly readings: Pick<ReadingTrail, 'note'>;
}

type OwnThreshold = AccuracyReport['ownThresholds'][number];

export function accuracyHandlers(options: AccuracyOptions): Handlers<typeof accuracyOperations> {
  const { calibration, marks, readings } = options;
  return {
    async 'reports.accuracy'(_, { caller, signal }) {
      const { recogniser, threshold, margin, expected, persons, thresholds } = await calibration.latest();
      const { targetFpir, fpir: expectedFpir, fnir: expectedFnir } = expected;
      const isNamed = caller.scopes.has('names:read');
      const ref = (id: PersonId) => personRef(id, (each) => (isNamed ? options.nameOf(each) : undefined));
      const { at, ...det } = await inSlices(detCurveSteps(persons), signal);
      const inForce = at(threshold);
      const confused = await inSlices(confusionSteps(persons, marks()), signal);
      const own = [...thresholds.values()]
        .filter((each) => each.threshold > threshold)
        .sort((a, b) => b.threshold - a.threshold);
      const details = { persons: persons.length };
      readings.note({ by: actorOf(caller), action: 'person.listed', details });
      return {
        ...{ recogniser, threshold, margin, persons: persons.length },
        ...present({ targetFpir, expectedFpir, expectedFnir }),
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
        confusion: { persons: confused.persons.map(ref), cells: confused.cells },
      };
    },
  };
}
