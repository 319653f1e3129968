import type { Caller } from '../../contract/caller.js';
import type { FacesInSight, FollowedFace } from '../../contract/live.js';
import type { FacesInSight as FacesReport } from '../../contract/vision/vision-reports.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { type CameraId, cameraId, type PersonId } from '../../kernel/ids.js';
import { explainPassage } from '../../kernel/passages/explain-passage.js';
import { passageNow } from '../../kernel/passages/judge-passage.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import { inEnglish } from '../../words/language.js';
import type { ReadingTrail } from '../audit/reading-trail.js';

export interface FacesInSightOptions {
  /** The passages of the faces in sight of a camera, as they stand. */
  readonly openPassages: (camera: CameraId) => readonly Passage[];
  /** The name of a person; undefined where there is none. */
  readonly nameOf: (id: string) => string | undefined;
  readonly readings: Pick<ReadingTrail, 'note'>;
  readonly clock: Clock;
}

/** What one caller is told of the faces in sight of a camera. */
export class FacesInSightReader {
  readonly #options: FacesInSightOptions;
  readonly #by: Actor;
  readonly #maySeePassages: boolean;
  readonly #nameOf: (id: PersonId) => string | undefined;
  /** Passages whose person the audit log knows to be read. */
  readonly #noted = new Set<string>();

  constructor(options: FacesInSightOptions, caller: Caller) {
    this.#options = options;
    this.#by = actorOf(caller);
    this.#maySeePassages = caller.scopes.has('passages:read');
    this.#nameOf = caller.scopes.has('names:read') ? (id) => options.nameOf(id) : () => undefined;
  }

  describe(report: FacesReport): FacesInSight {
    const { clock, openPassages } = this.#options;
    const atMs = clock.wallMs() - (clock.monotonicMs() - report.capturedAtMs);
    const passages = this.#maySeePassages ? openPassages(cameraId(report.cameraId)) : [];
    return {
      capturedAt: new Date(atMs).toISOString(),
      faces: report.faces.map(({ trackId, view, ...face }) => {
        const passage = passages.find((each) => each.trackId === trackId);
        const { liveness } = face;
        const now = passage && passageNow(passage, { atMs, view, ...liveness });
        return {
          ...{ ...face, track: trackId },
          ...measured(view),
          ...present({ decision: now && this.#decision(now) }),
        };
      }),
    };
  }

  #decision(passage: Passage): FollowedFace['decision'] {
    const { id, outcome, reason, nearest } = passage;
    this.#note(passage);
    const [best] = nearest;
    return {
      ...{ passage: id, outcome, reason },
      ...inEnglish(explainPassage(passage, (person) => this.#nameOf(person) ?? person)),
      ...present({ nearest: best && this.#near(best) }),
    };
  }

  #near({ personId, similarity, threshold }: Passage['nearest'][number]) {
    return { person: personId, similarity, threshold, ...present({ name: this.#nameOf(personId) }) };
  }

  /** Five lines a second are one reading. */
  #note({ id, cameraId: camera, personId: subject }: Passage): void {
    const reading = `${id} ${subject ?? ''}`;
    if (this.#noted.has(reading)) return;
    this.#noted.add(reading);
    const details = { passage: id, camera };
    this.#options.readings.note({ by: this.#by, action: 'passage.read', ...present({ subject }), details });
  }
}

function measured(view: FacesReport['faces'][number]['view']): Pick<FollowedFace, 'quality' | 'measures'> {
  if (view === null) return { quality: null, measures: null };
  const { quality, ...measures } = view;
  return { quality, measures };
}
