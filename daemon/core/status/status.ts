import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import { attendanceProof, type Config } from '../../contract/settings/schema.js';
import type { BoxStatus, RecogniserStatus, ReloadStatus, statusOperations } from '../../contract/status.js';
import { brokerNotConfigured } from '../../kernel/broker.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { said, verbatim } from '../../kernel/said.js';
import { ownThreshold } from '../../vision/operating-point.js';
import { type ChosenRecogniser, preferredRecogniser } from '../../vision/recogniser-in-use.js';
import { inEnglish } from '../../words/language.js';
import type { Alerts } from '../alerts/alert-handlers.js';
import { programVersion } from '../api/program-version.js';
import { type CameraStatusOptions, describeCameras, describeCapacity } from '../cameras/camera-handlers.js';
import { type Prompts, promptRemedy } from '../challenges/prompts.js';
import type { ClockWatch } from '../conditions/clock-watch.js';
import type { Conditions } from '../conditions/conditions.js';
import { saidBy } from '../doctor/finding.js';
import type { RecordedEvents } from '../events/recorded-events.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { GalleryKeys } from '../gallery/gallery-keys.js';
import { type GalleryVault, unlocking } from '../gallery/gallery-vault.js';
import type { GateHandover } from '../gate/gate-handover.js';
import { sumOfPassages } from '../passages/passage-counts.js';
import type { Records } from '../records/records.js';
import type { Retention } from '../retention/retention.js';
import type { Runtime } from '../runtime/runtime.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import type { EventLoopWatch } from './event-loop-watch.js';
import type { HealthOptions } from './health.js';

/** The parts of the box that its status is read from. */
export interface StatusOptions extends CameraStatusOptions {
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly runtime: Runtime;
  readonly vault: Pick<GalleryVault, 'open' | 'sealed'>;
  readonly calibration: Pick<GalleryCalibration, 'expectation' | 'alikeCount'>;
  readonly keys: Pick<GalleryKeys, 'status'>;
  readonly records: Pick<Records, 'recordedCount' | 'outbox'>;
  readonly recogniser: ChosenRecogniser;
  readonly intake: Pick<SightingIntake, 'counters' | 'waitingCount' | 'problem'>;
  readonly events: Pick<RecordedEvents, 'heldBack'>;
  readonly alerts: Pick<Alerts, 'summary'>;
  readonly retention: Pick<Retention, 'summary'>;
  readonly conditions: Pick<Conditions, 'current' | 'about'>;
  readonly prompts: Pick<Prompts, 'problems'>;
  /** Undefined where the gate is disabled or cannot be let in. */
  readonly gate: Pick<GateHandover, 'status'> | undefined;
  readonly clockWatch: Pick<ClockWatch, 'status'>;
  readonly lastReload: () => ReloadStatus | undefined;
  readonly eventLoop: Pick<EventLoopWatch, 'delay'>;
}

/** The operation that shows the state of the box. */
export function statusHandlers(options: StatusOptions): Handlers<typeof statusOperations> {
  return { 'status.show': (_input, { caller }) => forCaller(describeBox(options), caller) };
}

/** The state of the box. Cheap: of what is stored, it counts only passages, and these seldom. */
export function describeBox(options: StatusOptions): BoxStatus {
  const { clock, startedAtMs, runtime, vault, keys, records, intake, eventLoop } = options;
  const { config, vision } = runtime;
  const heldBack = options.events.heldBack();
  return {
    version: programVersion(),
    site: config.site.id,
    box: config.box.id,
    uptimeS: (clock.monotonicMs() - startedAtMs) / 1000,
    recogniser: describeRecogniser(options.recogniser, config),
    vision: vision.pool.status(),
    isolation: vision.isolation,
    cameras: describeCameras(options),
    analysis: vision.overload.rate(),
    ...present({ capacity: describeCapacity(options) }),
    gallery: { ...describeGallery(vault), ...describeExpected(options), ...describeKey(keys) },
    broker: describeBroker(runtime),
    clock: options.clockWatch.status(),
    conditions: options.conditions.current(),
    conditionsAbout: options.conditions.about(),
    passages: options.passages.lastDay(),
    events: { recorded: records.recordedCount() },
    outbox: {
      waiting: records.outbox.depth(),
      acknowledgement: config.mqtt?.acknowledgement ?? 'broker',
      ...(heldBack.length === 0 ? {} : { heldBack }),
    },
    intake: describeIntake(intake),
    ...present({
      lastReload: options.lastReload(),
      gate: options.gate?.status(),
      prompts: describePrompts(options.prompts, config),
    }),
    retention: options.retention.summary,
    alerts: options.alerts.summary,
    eventLoop: eventLoop.delay,
  };
}

/** The parts that tell whether the box works. */
export function healthOf(options: StatusOptions): Omit<HealthOptions, 'metrics'> {
  return {
    gallery: () => describeGallery(options.vault),
    vision: () => options.runtime.vision.pool.status(),
    intake: () => describeIntake(options.intake),
  };
}

/** A caller who is limited to cameras sees no others. */
function forCaller(
  { prompts, analysis, capacity, ...status }: BoxStatus,
  { cameras: allowed }: Caller,
): BoxStatus {
  if (allowed === undefined) return { ...status, ...present({ prompts, analysis, capacity }) };
  const cameras = status.cameras.filter(({ id }) => allowed.has(id));
  return {
    ...status,
    cameras,
    passages: sumOfPassages(cameras.map(({ passages }) => passages)),
    ...present({ prompts: prompts?.filter(({ camera }) => allowed.has(camera)) }),
  };
}

function describeBroker({ publisher, publishedCount, publishingProblem }: Runtime): BoxStatus['broker'] {
  if (publishingProblem !== undefined) {
    const { message, remedy } = saidBy(publishingProblem);
    const then =
      remedy === undefined ? said('doctor/then-reload') : said('doctor/remedy-then-reload', { remedy });
    return { state: 'waiting', ...inEnglish({ message, remedy: then }) };
  }
  if (publisher === undefined) return { state: brokerNotConfigured };
  const { connection, problem, mqttVersion, takenKinds, heldKinds, ...status } = publisher.status();
  const { areCommandsRefused, certificates, refusedTopics } = status;
  return {
    state: connection,
    ...present({ mqttVersion, message: problem?.message, remedy: problem?.remedy, says: problem?.says }),
    ...{ publishedCount, takenKinds, heldKinds },
    ...(refusedTopics.length === 0 ? {} : { refusedTopics }),
    ...(areCommandsRefused ? { areCommandsRefused } : {}),
    ...(certificates.length === 0 ? {} : { certificates }),
  };
}

function describeGallery({ open, sealed }: StatusOptions['vault']): BoxStatus['gallery'] {
  if (open === undefined) {
    const { code, message, remedy, says } = sealed ?? unlocking;
    const about = { code, message, remedy, ...present({ says }) };
    return { state: 'sealed', persons: 0, templates: 0, damagedRows: 0, ...about };
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

function describeExpected({
  calibration: { expectation, alikeCount },
}: Pick<StatusOptions, 'calibration'>): Pick<BoxStatus['gallery'], 'expected'> {
  return present({ expected: expectation && { ...present({ ...expectation }), alikePairs: alikeCount } });
}

function describeKey(
  keys: Pick<GalleryKeys, 'status'>,
): Pick<BoxStatus['gallery'], 'keyProvider' | 'rotation'> {
  try {
    const { slots, rotation } = keys.status();
    const current = slots.find(({ isCurrent }) => isCurrent);
    return {
      ...present({
        keyProvider: current?.provider,
        rotation: rotation?.state === 'finished' ? undefined : rotation,
      }),
    };
  } catch (error) {
    // `rollcall key status` reports this damage. The rest of the status must still work.
    if (isRollcallError(error) && error.kind === 'operational') return {};
    throw error;
  }
}

/** Of the cameras that require a challenge; undefined if all prompts were shown. */
function describePrompts({ problems }: StatusOptions['prompts'], config: Config): BoxStatus['prompts'] {
  const found = config.cameras
    .filter((camera) => attendanceProof(config, camera).require === 'challenge')
    .flatMap(({ id }) => {
      const problem = problems.get(id);
      if (problem === undefined) return [];
      const texts = inEnglish({ message: verbatim(problem.reason), remedy: promptRemedy });
      return [{ camera: id, at: isoTime(problem.atMs), ...texts }];
    });
  return found.length === 0 ? undefined : found;
}

function describeIntake({ counters, waitingCount, problem }: StatusOptions['intake']): BoxStatus['intake'] {
  if (problem === undefined) return { ...counters, waiting: waitingCount };
  const { code, message, remedy = '', says } = problem;
  return { ...counters, waiting: waitingCount, problem: { code, message, remedy, ...present({ says }) } };
}

function describeRecogniser(
  { name, reason, preferred, pack }: ChosenRecogniser,
  { identification: { threshold: configuredThreshold } }: Config,
): RecogniserStatus {
  return {
    name,
    reason,
    preferred: { name: preferredRecogniser, state: preferred },
    ...present({ configuredThreshold, ownThreshold: ownThreshold(pack) }),
  };
}
