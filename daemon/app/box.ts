import type { Clock } from '../base/clock.js';
import { isRollcallError } from '../base/errors.js';
import type { AttendanceControl } from '../control/attendance-control.js';
import type { AuditControl } from '../control/audit-control.js';
import type { BackupControl } from '../control/backup-control.js';
import type { BoxControl, BoxStatus, ReloadStatus } from '../control/box-control.js';
import type { GalleryControl } from '../control/gallery-control.js';
import type { KeyControl } from '../control/key-control.js';
import type { PersonControl } from '../control/person-control.js';
import { programVersion } from '../control/program-version.js';
import type { RetentionControl } from '../control/retention-control.js';
import type { Records } from '../records/open-records.js';
import type { CameraTestOutcome } from '../vision/protocol.js';
import type { EventLoopWatch } from './event-loop-watch.js';
import type { GalleryAccess } from './gallery-access.js';
import type { ReplaceableParts } from './parts.js';
import type { SightingIntake } from './sighting-intake.js';
import { planCamera } from './vision-plan.js';

/** The parts that the local API speaks for. */
export interface BoxParts {
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly parts: ReplaceableParts;
  readonly access: GalleryAccess;
  readonly persons: PersonControl;
  readonly audit: AuditControl;
  readonly keys: KeyControl;
  readonly gallery: GalleryControl;
  readonly backups: BackupControl;
  readonly retention: RetentionControl;
  readonly attendance: AttendanceControl;
  readonly records: Records;
  readonly intake: SightingIntake;
  readonly lastReload: () => ReloadStatus | undefined;
  readonly eventLoop: EventLoopWatch;
}

/** The box as the local API sees it. */
export class Box implements BoxControl {
  readonly #parts: BoxParts;

  constructor(parts: BoxParts) {
    this.#parts = parts;
  }

  get persons(): PersonControl {
    return this.#parts.persons;
  }

  get keys(): KeyControl {
    return this.#parts.keys;
  }

  get gallery(): GalleryControl {
    return this.#parts.gallery;
  }

  get retention(): RetentionControl {
    return this.#parts.retention;
  }

  get attendance(): AttendanceControl {
    return this.#parts.attendance;
  }

  get backups(): BackupControl {
    return this.#parts.backups;
  }

  get audit(): AuditControl {
    return this.#parts.audit;
  }

  status(): BoxStatus {
    const { clock, startedAtMs, parts, access, records, intake, eventLoop } = this.#parts;
    const { config, vision } = parts;
    const lastReload = this.#parts.lastReload();
    return {
      version: programVersion(),
      site: config.site.id,
      box: config.box.id,
      uptimeS: (clock.monotonicMs() - startedAtMs) / 1000,
      vision: vision.pool.status(),
      cameras: vision.board.status(config.cameras),
      gallery: { ...describeGallery(access), ...describeKey(this.#parts.keys) },
      broker: this.#broker(),
      outbox: { waiting: records.outbox.depth() },
      intake: describeIntake(intake),
      ...(lastReload === undefined ? {} : { lastReload }),
      retention: this.#parts.retention.summary,
      eventLoop: eventLoop.delay,
    };
  }

  async testCamera(id: string): Promise<CameraTestOutcome | undefined> {
    const { config, vision } = this.#parts.parts;
    const camera = config.cameras.find((candidate) => candidate.id === id);
    if (camera === undefined) return undefined;
    return vision.pool.testCamera(await planCamera(camera, config.secretsDir));
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
    const { connection, problem, heldKinds, publishedCount, certificates } = publisher.status();
    return {
      state: connection,
      publishedCount,
      heldKinds,
      ...(certificates.length === 0 ? {} : { certificates }),
      ...(problem === undefined ? {} : { message: problem.message }),
      ...(problem?.remedy === undefined ? {} : { remedy: problem.remedy }),
    };
  }
}

function describeGallery({ open, sealed }: GalleryAccess): BoxStatus['gallery'] {
  if (open === undefined) {
    const { code = 'unlocking', message = 'it is being opened', remedy = '' } = sealed ?? {};
    return { state: 'sealed', persons: 0, templates: 0, damagedRows: 0, code, message, remedy };
  }
  const { personCount, templateCount, quarantined, keyId } = open.gallery;
  return {
    state: 'open',
    persons: personCount,
    templates: templateCount,
    damagedRows: quarantined.length,
    keyId,
  };
}

function describeKey(keys: KeyControl): Pick<BoxStatus['gallery'], 'keyProvider' | 'rotation'> {
  try {
    const { slots, rotation } = keys.status();
    const current = slots.find(({ isCurrent }) => isCurrent);
    return {
      ...(current === undefined ? {} : { keyProvider: current.provider }),
      ...(rotation === undefined || rotation.state === 'finished' ? {} : { rotation }),
    };
  } catch (error) {
    // `key status` tells of this damage; it must not take the rest of the status along.
    if (isRollcallError(error) && error.kind === 'operational') return {};
    throw error;
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
