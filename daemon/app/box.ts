import type { Actor } from '../audit/actor.js';
import type { Clock } from '../base/clock.js';
import { badInput, isRollcallError } from '../base/errors.js';
import { dataDirectories, namedSecrets } from '../config/machine-needs.js';
import type { Config } from '../config/schema.js';
import type { AlertControl } from '../control/alert-control.js';
import type { AttendanceControl } from '../control/attendance-control.js';
import type { AuditControl } from '../control/audit-control.js';
import type { BackupControl } from '../control/backup-control.js';
import type { BoxControl, BoxStatus, RecogniserStatus, ReloadStatus } from '../control/box-control.js';
import { type ClipRequest, type ClipVerdict, clipVerdict } from '../control/clip-control.js';
import type { EventControl } from '../control/event-control.js';
import type { GalleryControl } from '../control/gallery-control.js';
import { type HostReport, reportOnHost } from '../control/host-report.js';
import type { IdentityControl } from '../control/identity-control.js';
import type { KeyControl } from '../control/key-control.js';
import type { PersonControl } from '../control/person-control.js';
import { programVersion } from '../control/program-version.js';
import type { RetentionControl } from '../control/retention-control.js';
import type { TrustControl } from '../control/trust-control.js';
import { findCredential } from '../host/credentials.js';
import { currentUser } from '../host/system-user.js';
import { ownThreshold as manifestThreshold } from '../models/operating-point.js';
import type { Records } from '../records/open-records.js';
import { planCamera } from '../vision/plan.js';
import type { CameraTestOutcome } from '../vision/protocol.js';
import { type ChosenRecogniser, preferredRecogniser } from '../vision/recogniser-in-use.js';
import type { PhotoProcess } from './cameras/photo-process.js';
import type { BoxConditions } from './conditions/box-conditions.js';
import type { EventLoopWatch } from './event-loop-watch.js';
import type { SightingIntake } from './events/sighting-intake.js';
import type { GalleryAccess } from './gallery/gallery-access.js';
import { stateDetail } from './identity/grant-watch.js';
import type { ReplaceableParts } from './parts.js';

/** What answers for one subject each. */
type Subject =
  | 'alerts'
  | 'attendance'
  | 'audit'
  | 'backups'
  | 'events'
  | 'gallery'
  | 'identity'
  | 'keys'
  | 'persons'
  | 'retention'
  | 'trust';

/** The parts that the local API speaks for. */
export interface BoxParts extends Pick<BoxControl, Subject> {
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly parts: ReplaceableParts;
  readonly access: GalleryAccess;
  readonly records: Records;
  readonly recogniser: ChosenRecogniser;
  readonly intake: SightingIntake;
  readonly conditions: Pick<BoxConditions, 'current' | 'about'>;
  readonly photos: Pick<PhotoProcess, 'waitingCount'>;
  readonly clips: Pick<PhotoProcess, 'judgeClip'>;
  readonly lastReload: () => ReloadStatus | undefined;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
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

  get identity(): IdentityControl {
    return this.#parts.identity;
  }

  get gallery(): GalleryControl {
    return this.#parts.gallery;
  }

  get retention(): RetentionControl {
    return this.#parts.retention;
  }

  get alerts(): AlertControl {
    return this.#parts.alerts;
  }

  get attendance(): AttendanceControl {
    return this.#parts.attendance;
  }

  get events(): EventControl {
    return this.#parts.events;
  }

  get trust(): TrustControl {
    return this.#parts.trust;
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
    const heldBack = this.#parts.events.heldBack();
    return {
      version: programVersion(),
      site: config.site.id,
      box: config.box.id,
      uptimeS: (clock.monotonicMs() - startedAtMs) / 1000,
      recogniser: describeRecogniser(this.#parts.recogniser, config),
      vision: vision.pool.status(),
      cameras: this.#cameras(),
      gallery: { ...describeGallery(access), ...describeKey(this.#parts.keys) },
      broker: this.#broker(),
      conditions: this.#parts.conditions.current(),
      conditionsAbout: this.#parts.conditions.about(),
      events: { recorded: records.recordedCount() },
      outbox: {
        waiting: records.outbox.depth(),
        acknowledgement: config.mqtt?.acknowledgement ?? 'broker',
        ...(heldBack.length === 0 ? {} : { heldBack }),
      },
      intake: describeIntake(intake),
      ...(lastReload === undefined ? {} : { lastReload }),
      retention: this.#parts.retention.summary,
      alerts: this.#parts.alerts.summary,
      eventLoop: eventLoop.delay,
    };
  }

  hostReport(): Promise<HostReport> {
    const { clock, parts } = this.#parts;
    const { config } = parts;
    const places = { secretsDirectory: config.secretsDir };
    return reportOnHost({
      user: currentUser(),
      secrets: namedSecrets(config),
      directories: dataDirectories(config),
      nowMs: clock.wallMs(),
      find: (name) => findCredential(name, places),
    });
  }

  #cameras(): BoxStatus['cameras'] {
    const { vision, cameras, switchedCameras } = this.#parts.parts;
    const isEnrolling = this.#parts.photos.waitingCount > 0;
    return vision.board
      .status(cameras, { isEnrolling })
      .map((camera) => (switchedCameras.has(camera.id) ? { ...camera, isSwitchedByCentre: true } : camera));
  }

  async testCamera(id: string): Promise<CameraTestOutcome | undefined> {
    const { config, vision } = this.#parts.parts;
    const camera = config.cameras.find((candidate) => candidate.id === id);
    if (camera === undefined) return undefined;
    return vision.pool.testCamera(await planCamera(camera, config.secretsDir));
  }

  async judgeClip({ files, fps, challenge }: ClipRequest): Promise<ClipVerdict> {
    const looked = await this.#parts.clips.judgeClip(files, fps);
    if (looked.outcome === 'ok') return clipVerdict(looked, challenge);
    const { code, message, remedy } = looked;
    throw badInput(code, message, { remedy });
  }

  async releaseCamera(id: string, by: Actor): Promise<boolean | undefined> {
    const { parts, records, access, signal } = this.#parts;
    if (parts.config.cameras.every((camera) => camera.id !== id)) return undefined;
    if (!parts.switchedCameras.has(id)) return false;
    records.commands.cameras.set(id, null, (state) =>
      access.audit.append({ by, action: 'camera.released', subject: id, details: stateDetail(state) }),
    );
    await parts.replan(signal);
    return true;
  }

  #broker(): BoxStatus['broker'] {
    const { publisher, publishedCount } = this.#parts.parts;
    if (publisher === undefined) return { state: 'not configured' };
    const { connection, problem, mqttVersion, areCommandsRefused, certificates, refusedTopics, ...rest } =
      publisher.status();
    const { takenKinds, heldKinds } = rest;
    return {
      state: connection,
      ...(mqttVersion === undefined ? {} : { mqttVersion }),
      ...{ publishedCount, takenKinds, heldKinds },
      ...(refusedTopics.length === 0 ? {} : { refusedTopics }),
      ...(areCommandsRefused ? { areCommandsRefused } : {}),
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

function describeRecogniser(
  { name, reason, preferred, pack }: ChosenRecogniser,
  { identification: { threshold: configuredThreshold } }: Config,
): RecogniserStatus {
  const ownThreshold = manifestThreshold(pack);
  return {
    name,
    reason,
    preferred: { name: preferredRecogniser, state: preferred },
    ...(configuredThreshold === undefined ? {} : { configuredThreshold }),
    ...(ownThreshold === undefined ? {} : { ownThreshold }),
  };
}
