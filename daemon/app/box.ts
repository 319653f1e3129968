import type { Clock } from '../base/clock.js';
import type {
  BoxControl,
  BoxStatus,
  EnrolmentRequest,
  EnrolmentResult,
  PersonSummary,
  ReloadStatus,
} from '../control/box-control.js';
import { programVersion } from '../control/program-version.js';
import { personId } from '../domain/ids.js';
import type { Gallery } from '../gallery/gallery.js';
import type { Records } from '../records/open-records.js';
import type { CameraTestOutcome } from '../vision/protocol.js';
import { enrol, summarisePerson } from './enrolment.js';
import type { EventLoopWatch } from './event-loop-watch.js';
import type { ReplaceableParts } from './parts.js';
import type { SightingIntake } from './sighting-intake.js';
import { planCamera } from './vision-plan.js';

/** The parts that the local API speaks for. */
export interface BoxParts {
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly parts: ReplaceableParts;
  readonly gallery: Gallery;
  readonly records: Records;
  readonly intake: SightingIntake;
  readonly lastReload: () => ReloadStatus | undefined;
  readonly eventLoop: EventLoopWatch;
  /** Similarity from which two faces count as the same person. */
  readonly threshold: () => number;
}

/** The box as the local API sees it. */
export class Box implements BoxControl {
  readonly #parts: BoxParts;

  constructor(parts: BoxParts) {
    this.#parts = parts;
  }

  status(): BoxStatus {
    const { clock, startedAtMs, parts, gallery, records, intake, eventLoop } = this.#parts;
    const { config, vision } = parts;
    const lastReload = this.#parts.lastReload();
    return {
      version: programVersion(),
      site: config.site.id,
      box: config.box.id,
      uptimeS: (clock.monotonicMs() - startedAtMs) / 1000,
      vision: vision.pool.status(),
      cameras: vision.board.status(config.cameras),
      gallery: {
        persons: gallery.personCount,
        templates: gallery.templateCount,
        damagedRows: gallery.quarantined.length,
      },
      broker: this.#broker(),
      outbox: { waiting: records.outbox.depth() },
      intake: describeIntake(intake),
      ...(lastReload === undefined ? {} : { lastReload }),
      eventLoop: eventLoop.delay,
    };
  }

  async testCamera(id: string): Promise<CameraTestOutcome | undefined> {
    const { config, vision } = this.#parts.parts;
    const camera = config.cameras.find((candidate) => candidate.id === id);
    if (camera === undefined) return undefined;
    return vision.pool.testCamera(await planCamera(camera, config.secretsDir));
  }

  addPerson(request: EnrolmentRequest): Promise<EnrolmentResult> {
    const { gallery, threshold, parts } = this.#parts;
    const analysePhoto = (image: Buffer) => parts.vision.pool.analysePhoto(image);
    return enrol(request, { gallery, threshold: threshold(), analysePhoto });
  }

  async listPersons(): Promise<readonly PersonSummary[]> {
    return (await this.#parts.gallery.listPersons()).map(summarisePerson);
  }

  showPerson(id: string): PersonSummary | undefined {
    const found = this.#parts.gallery.showPerson(personId(id));
    return found === undefined ? undefined : summarisePerson(found);
  }

  removePerson(id: string): boolean {
    const { gallery, intake } = this.#parts;
    const isRemoved = gallery.removePerson(personId(id));
    if (isRemoved) intake.forgetPerson(personId(id));
    return isRemoved;
  }

  recentEvents(limit: number): readonly unknown[] {
    return this.#parts.records.list({ limit }).map(({ payload }) => parsePayload(payload));
  }

  onEvent(listener: (payload: unknown) => void): () => void {
    return this.#parts.records.onRecorded((_event, payload) => listener(parsePayload(payload)));
  }

  #broker(): BoxStatus['broker'] {
    const { publisher } = this.#parts.parts;
    if (publisher === undefined) return { state: 'not configured' };
    const { connection, problem, heldKinds, publishedCount } = publisher.status();
    return {
      state: connection,
      publishedCount,
      heldKinds,
      ...(problem === undefined ? {} : { message: problem.message }),
      ...(problem?.remedy === undefined ? {} : { remedy: problem.remedy }),
    };
  }
}

function describeIntake({ counters, waitingCount, problem }: SightingIntake): BoxStatus['intake'] {
  if (problem === undefined) return { ...counters, waiting: waitingCount };
  const { code, message, remedy = '' } = problem;
  return { ...counters, waiting: waitingCount, problem: { code, message, remedy } };
}

function parsePayload(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload)) as unknown;
}
