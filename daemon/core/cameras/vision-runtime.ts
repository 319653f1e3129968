import type { Config } from '../../contract/settings/schema.js';
import type { CameraState, Report } from '../../contract/vision/vision-reports.js';
import { decodeSighting } from '../../contract/vision/vision-sighting.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { cameraId } from '../../kernel/ids.js';
import { type Isolation, weakerIsolation } from '../../kernel/isolation.js';
import { present } from '../../kernel/present.js';
import { isInstalledService } from '../../vision/unit-launcher.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import { liveFolder } from '../gate/gate-handover.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import { CameraBoard } from './camera-board.js';
import { CameraFollows } from './camera-follows.js';
import { CameraLoads } from './camera-loads.js';
import type { CameraStates } from './camera-states.js';
import { CapacityWatch } from './capacity-watch.js';
import { IsolationWatch } from './isolation-watch.js';
import { LiveWatches } from './live-watches.js';
import { OverloadWatch } from './overload-watch.js';
import type { PhotoWall } from './photo-wall.js';
import { VisionPool, type VisionPoolOptions } from './vision-pool.js';

/** Counters for the watchdog. They only grow, also when parts are replaced. */
export interface Progress {
  /** Rounds in which every vision process that runs has reported. */
  rounds: number;
  /** Reports that showed progress of the analysis. */
  analysis: number;
}

/** The vision processes and the states of their cameras. */
export interface VisionRuntime extends AsyncDisposable {
  readonly pool: VisionPool;
  /** Of all vision processes, those for photos and clips included. */
  readonly isolation: Isolation;
  readonly board: CameraBoard;
  readonly watches: LiveWatches;
  readonly follows: CameraFollows;
  readonly loads: CameraLoads;
  readonly overload: OverloadWatch;
  readonly capacity: CapacityWatch;
}

/** The configuration in force and the cameras that run by it. */
export interface CamerasInUse {
  readonly config: Config;
  readonly vision: VisionRuntime;
  /** The configured cameras, with the switches of centres applied. */
  readonly cameras: Config['cameras'];
  /** Ids of the cameras that a centre switched on or off. */
  readonly switchedCameras: ReadonlySet<string>;
  /** Applies changed camera switches. Throws when a part cannot be planned; everything then runs as before. */
  replan(signal: AbortSignal): Promise<unknown>;
}

/** The state of a camera whose vision process misbehaves repeatedly. */
const misbehaving: CameraState = {
  state: 'failed',
  code: 'vision-misbehaving',
  message: 'the vision process of this camera repeatedly sent reports that the core rejected',
  remedy:
    'Check what the camera sends and who can reach it, and read the log of rollcalld. Restart rollcalld after the repair.',
  nextTryMs: 0,
};

export interface VisionRuntimeOptions extends Pick<VisionPoolOptions, 'logger' | 'lines' | 'programOf'> {
  readonly cameraLauncher: VisionPoolOptions['launcher'];
  readonly photoWall: Pick<PhotoWall, 'isolation'>;
  readonly config: Pick<Config, 'logging' | 'gate' | 'control'>;
  readonly intake: Pick<SightingIntake, 'take' | 'forgetCamera'>;
  /** Receives the states of the cameras. */
  readonly cameras: Pick<CameraStates, 'take' | 'forget'>;
  readonly conditions: Pick<ConditionPort, 'begin' | 'change' | 'end'>;
}

/** Connects the vision processes to the receivers of their reports. Counts `progress` up. */
export function openVisionRuntime(options: VisionRuntimeOptions, progress: Progress): VisionRuntime {
  const { config, intake, cameras, conditions, logger, cameraLauncher, photoWall, lines } = options;
  const board = new CameraBoard();
  const loads = new CameraLoads(clock);
  const overload = new OverloadWatch(clock, loads, conditions);
  const capacity = new CapacityWatch(clock, loads, () => pool.processorMs());
  const walls = new IsolationWatch(conditions, isInstalledService());
  const setState = (id: string, state: CameraState): void => {
    board.setState(id, state);
    cameras.take(id, state);
  };
  const onReport = (report: Report, picture: Uint8Array): void => {
    if (report.type === 'sighting') intake.take(decodeSighting(report.sighting, picture));
    else if (report.type === 'faces-in-sight') follows.take(report);
    else if (report.type === 'camera') setState(report.cameraId, report.state);
    else if (report.type === 'progress') {
      loads.take(report.cameras);
      overload.judge(report.cameras.map(({ id }) => id));
      capacity.look();
      if (board.takeProgress(report.cameras)) progress.analysis += 1;
    }
  };
  const onDown = (cameraIds: readonly string[]): void => {
    board.closed(cameraIds);
    loads.closed(cameraIds);
    watches.down(cameraIds);
    follows.down(cameraIds);
    cameras.forget(cameraIds);
    for (const id of cameraIds) intake.forgetCamera(cameraId(id));
  };
  const onRound = (): void => {
    progress.rounds += 1;
    walls.judge(pool.isolation, photoWall.isolation);
  };
  const onMisbehaviour = (about: readonly string[], isDegraded: boolean): void => {
    conditions.change('vision-misbehaving', {}, { active: about });
    if (isDegraded) for (const id of about) setState(id, misbehaving);
  };
  const onTrusted = (about: readonly string[]): void =>
    conditions.change('vision-misbehaving', {}, { over: about });
  // New processes have not misbehaved yet.
  conditions.end('vision-misbehaving');
  const pool = new VisionPool({
    ...{ clock, random, logger, lines, onReport, onRound, onDown, onMisbehaviour, onTrusted },
    launcher: cameraLauncher,
    logLevel: config.logging.level,
    liveFolder: liveFolder(config),
    ...present({ programOf: options.programOf }),
  });
  const watches = new LiveWatches(pool);
  const follows = new CameraFollows(pool, clock);
  return {
    pool,
    get isolation() {
      return weakerIsolation(pool.isolation, photoWall.isolation);
    },
    board,
    watches,
    follows,
    loads,
    overload,
    capacity,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
