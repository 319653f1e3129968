import assert from 'node:assert/strict';
import type { CameraStatus } from '../../daemon/contract/cameras.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { VisionStatus } from '../../daemon/contract/status.js';
import { PhotoWall } from '../../daemon/core/cameras/photo-wall.js';
import { planVision } from '../../daemon/core/cameras/vision-plan.js';
import { openVisionRuntime, type Progress } from '../../daemon/core/cameras/vision-runtime.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import type { FactStore } from '../../daemon/core/sightings/fact-store.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { SightingIntake } from '../../daemon/core/sightings/sighting-intake.js';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { CameraLines } from '../../daemon/vision/lines/camera-lines.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { heardConditions } from './heard-conditions.js';
import { type RogueMode, rogueProgram } from './rogue-vision.js';
import { proofByBlink } from './sightings.js';

export interface RogueCoreOptions {
  /** Where facts are recorded. Default: in memory. */
  readonly store?: FactStore;
  /** False: log lines are discarded. */
  readonly logsLines?: boolean;
  /** Address of a camera `real`, watched by a real vision process in addition. */
  readonly realCamera?: string;
}

const policy = { threshold: 0.5, margin: 0.1, minimumProbes: 1 };

/** The core with one rogue process per camera. The camera has the name of the misbehaviour. */
export async function startRogueCore(
  modes: readonly RogueMode[],
  { store, logsLines = true, realCamera }: RogueCoreOptions = {},
) {
  const addresses = new Map<string, string>(modes.map((id) => [id, 'rtsp://127.0.0.1/none']));
  if (realCamera !== undefined) addresses.set('real', realCamera);
  const config = configSchema.parse({
    site: { id: 'site', timeZone: 'UTC' },
    box: { id: 'box' },
    vision: { processes: addresses.size, threads: 1 },
    cameras: [...addresses].map(([id, url]) => ({ id, name: id, url })),
  });
  const log: string[] = [];
  const logger = openPinoLogger({
    level: 'debug',
    clock,
    output: { write: (line) => void (logsLines && log.push(line)) },
  });
  const recorded: Fact[] = [];
  const kept = store ?? memoryFacts();
  const facts: FactStore = {
    ...kept,
    record(fact, passageOf) {
      const id = kept.record(fact, passageOf);
      recorded.push(fact);
      return id;
    },
  };
  const search = () => Promise.resolve([]);
  const directionOf = () => 'both' as const;
  const { rules } = config;
  const proofAt = () => proofByBlink;
  const decider = new Decider({ search, policy, rules, directionOf, proofAt, facts, clock, random });
  const sightings: Sighting[] = [];
  const intake = new SightingIntake({ decider, clock, logger });
  const heard: Pick<SightingIntake, 'take' | 'forgetCamera'> = {
    take(sighting) {
      sightings.push({ ...sighting, probes: [] });
      intake.take(sighting);
    },
    forgetCamera: (id) => intake.forgetCamera(id),
  };
  const conditions = heardConditions();
  const progress: Progress = { rounds: 0, analysis: 0 };
  const cameras = { take: () => undefined, forget: () => undefined };
  const launcher = await openVisionLauncher('preferred');
  const lines = await CameraLines.open({ clock });
  const programOf = (index: number) => {
    const mode = modes[index];
    return mode === undefined ? undefined : rogueProgram(mode);
  };
  const part = openVisionRuntime(
    {
      config,
      cameraLauncher: launcher,
      photoWall: new PhotoWall(launcher),
      lines,
      intake: heard,
      cameras,
      conditions,
      logger,
      programOf,
    },
    progress,
  );
  part.pool.start(await planVision(config, 'dlib-resnet'));
  const statusOf = (mode: RogueMode): VisionStatus => {
    const status = part.pool.status().find(({ index }) => modes[index] === mode);
    assert.ok(status);
    return status;
  };
  const camera = (id: string): Omit<CameraStatus, 'passages'> => {
    const status = part.board.status(config.cameras).find((one) => one.id === id);
    assert.ok(status);
    return status;
  };
  return {
    ...{ config, part, progress, decider, facts: recorded, sightings, conditions, log, statusOf, camera },
    async [Symbol.asyncDispose]() {
      await part[Symbol.asyncDispose]();
      await lines[Symbol.asyncDispose]();
      await intake[Symbol.asyncDispose]();
      decider[Symbol.dispose]();
    },
  };
}

export type RogueCore = Awaited<ReturnType<typeof startRogueCore>>;
