import type { Caller } from '../../contract/caller.js';
import type {
  CameraDetails,
  CameraStatus,
  CameraTest,
  cameraOperations,
  DeviceProfiles,
} from '../../contract/cameras.js';
import type { Handlers } from '../../contract/handlers.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { ownCameraOperations } from '../../contract/own-cameras.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { CameraConfig, Config } from '../../contract/settings/schema.js';
import type { BoxStatus } from '../../contract/status.js';
import { parseUserPassword } from '../../host/user-password-secret.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { deviceAddressOf, isSameHost } from '../../kernel/device-address.js';
import { present } from '../../kernel/present.js';
import { type StatedSet, stateDetail } from '../../kernel/stated-set.js';
import { usualBuffers } from '../../vision/ingest/buffer-pool.js';
import { type CameraCredential, endpointOf } from '../../vision/ingest/camera-address.js';
import { planCamera } from '../../vision/plan.js';
import { notFound } from '../api/not-found.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { RecentPassages } from '../passages/passage-counts.js';
import { toldByCameras, toldByDevices, withoutPorts } from './address-test.js';
import type { CameraLoad } from './camera-loads.js';
import { notStreaming, takeSnapshot } from './camera-snapshot.js';
import { addressDetails } from './own-camera-address.js';
import { refusals } from './own-camera-refusals.js';
import { type OwnCameras, revisionOf } from './own-cameras.js';
import type { PhotoProcess } from './photo-process.js';
import { networkThreads } from './vision-plan.js';
import type { CamerasInUse } from './vision-runtime.js';

/** Of a picture in memory, YUV 4:2:0. */
const bytesPerPixel = 1.5;

/** What the states of the cameras are read from. */
export interface CameraStatusOptions {
  readonly runtime: Omit<CamerasInUse, 'replan'>;
  readonly photos: Pick<PhotoProcess, 'waitingCount'>;
  readonly passages: Pick<RecentPassages, 'lastDay'>;
}

export interface CameraOptions extends CameraStatusOptions {
  readonly runtime: CamerasInUse;
  readonly own: OwnCameras;
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** The switches of a centre. */
  readonly switches: {
    set(cameraId: string, isEnabled: null, alongside: (state: StatedSet) => void): void;
  };
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
}

/** The states of all configured cameras, in the order of the configuration. */
export function describeCameras({ runtime, photos, passages }: CameraStatusOptions): readonly CameraStatus[] {
  const { config, vision, cameras, switchedCameras } = runtime;
  const isEnrolling = photos.waitingCount > 0;
  const running = vision.board
    .status(cameras, { isEnrolling })
    .map((camera) =>
      switchedCameras.has(camera.id) ? { ...camera, isSwitchedByCentre: true as const } : camera,
    )
    .map((camera) => {
      const viewers = vision.watches.viewersOf(camera.id);
      return viewers === 0 ? camera : { ...camera, viewers };
    })
    .map((camera) => ({ ...camera, ...present({ load: describeLoad(vision.loads.loadOf(camera.id)) }) }))
    .map((camera) => ({ ...camera, passages: passages.lastDay(camera.id) }));
  return [...running, ...leftOut(config)];
}

function describeLoad(load: CameraLoad | undefined): CameraStatus['load'] | undefined {
  if (load === undefined) return undefined;
  const { dueFps, analysedFps, decoderCores, analysisThreads } = load;
  return { dueFps, analysedFps, decoderCores, analysisThreads };
}

/** How many more cameras the box could take. */
export function describeCapacity({ runtime }: Pick<CameraStatusOptions, 'runtime'>): BoxStatus['capacity'] {
  const { vision, cameras, config } = runtime;
  const streams = vision.board.status(cameras).filter(({ state }) => state === 'streaming');
  const bytes = streams.map(({ counters, stream }) => {
    const { widthPx = 0, heightPx = 0 } = stream ?? {};
    return (counters['decoderBytes'] ?? 0) + usualBuffers * bytesPerPixel * widthPx * heightPx;
  });
  const isOnGpu = vision.pool.status().some(({ provider }) => (provider?.actual ?? 'cpu') !== 'cpu');
  return vision.capacity.capacity({
    bytesPerCamera: bytes.reduce((sum, each) => sum + each, 0) / Math.max(1, bytes.length),
    isOverloaded: vision.overload.isOverloaded,
    ...present({ threadCount: isOnGpu ? undefined : networkThreads(config) }),
  });
}

/** Cameras whose files cannot be used. */
function leftOut({ cameras, unusableCameraFiles }: Config): readonly CameraStatus[] {
  return unusableCameraFiles.flatMap(({ id, path, problems }) => {
    if (id === undefined || cameras.some((camera) => camera.id === id)) return [];
    const message = problems.map((problem) => formatProblem(path, problem)).join('; ');
    const remedy = 'Correct the file, then reload: systemctl reload rollcalld; or delete the camera.';
    const state = { state: 'failed', code: 'camera-file-unusable', message, remedy } as const;
    const passages = { count: 0, byOutcome: {} };
    return [{ id, name: id, isEnabled: true, direction: 'both', ...state, passages, counters: {} }];
  });
}

/** The operations on cameras. */
export function cameraHandlers(
  options: CameraOptions,
): Handlers<typeof cameraOperations & typeof ownCameraOperations> {
  const { runtime, own } = options;
  const configured = (id: string): CameraConfig => {
    const found = runtime.config.cameras.find((camera) => camera.id === id);
    if (found !== undefined) return found;
    throw notFound('camera', id, 'rollcall camera list');
  };
  const show = (id: string): CameraDetails => {
    const camera = configured(id);
    const status = describeCameras(options).find((each) => each.id === id);
    if (status === undefined) throw notFound('camera', id, 'rollcall camera list');
    const isOwn = camera.isOwn === true;
    const revision = isOwn ? { revision: revisionOf(camera) } : {};
    return { ...status, settings: describeSettings(camera), isOwn, ...revision };
  };
  return {
    'cameras.list': (_input, { caller }) => describeCameras(options).filter(({ id }) => mayUse(caller, id)),
    'cameras.show': ({ id }) => show(id),
    async 'cameras.create'(input, { caller }) {
      await own.create(input, caller);
      return show(input.id);
    },
    async 'cameras.change'(input, { caller }) {
      await own.change(input, caller);
      return show(input.id);
    },
    async 'cameras.delete'({ id }, { caller }) {
      await own.delete({ id }, caller);
      // A later camera with this id must not begin with the switch of a centre.
      await release(id, actorOf(caller), options);
      return { id };
    },
    async 'cameras.snapshot'({ id, boxes }, { caller }) {
      const { state } = show(id);
      if (state !== 'streaming') throw notStreaming(id);
      const bytes = await takeSnapshot(id, runtime.vision.pool, { isMarked: boxes });
      options.readings.note({ by: actorOf(caller), action: 'camera.snapshot-taken', subject: id });
      return { bytes };
    },
    async 'cameras.discover'({ seconds }, { caller }) {
      const { devices, isCutShort } = await runtime.vision.pool.discoverCameras(seconds * 1000);
      options.audit.append({
        ...{ by: actorOf(caller), action: 'camera.discovery-run' },
        details: { devices: devices.length },
      });
      const known = runtime.config.cameras.filter((camera) => mayUse(caller, camera.id));
      return {
        devices: devices.map((device) => ({ ...device, cameraIds: camerasAt(device.address, known) })),
        isCutShort,
      };
    },
    async 'cameras.test'({ id }) {
      const { config, vision } = runtime;
      return vision.pool.testCamera(await planCamera(configured(id), config));
    },
    'cameras.test-address': (input, { caller }) => testAddress(input, actorOf(caller), options),
    'cameras.profiles': (input, { caller }) => askDevice(input, actorOf(caller), options),
    async 'cameras.release'({ id }, { caller }) {
      return { isReleased: await release(configured(id).id, actorOf(caller), options) };
    },
  };
}

/** Opens an address that is no camera yet. @throws `camera-refused`, `login-form`, `vision-unavailable` */
async function testAddress(
  input: HandlerInput<(typeof ownCameraOperations)['cameras.test-address']>,
  by: Actor,
  { own, audit, clock, signal, runtime: { config, vision } }: CameraOptions,
): Promise<CameraTest> {
  const credential = loginIn(input.login);
  const camera = await own.judge(input);
  // The box may be made to knock at many hosts: the log says at which.
  audit.append({ by, action: 'camera.address-tested', details: addressDetails(camera.url) });
  const plan = { ...(await planCamera(camera, config)), credential };
  return withoutPorts(() => vision.pool.testCamera(plan), toldByCameras, { clock, signal });
}

/** Asks a device for its profiles. @throws `login-form`, `vision-unavailable` */
async function askDevice(
  { device, fingerprint, login }: HandlerInput<(typeof ownCameraOperations)['cameras.profiles']>,
  by: Actor,
  { audit, clock, signal, runtime: { config, vision } }: CameraOptions,
): Promise<DeviceProfiles> {
  const credential = loginIn(login);
  audit.append({ by, action: 'camera.device-asked', details: addressDetails(device) });
  const plan = {
    ...{ address: device, credential, fingerprint: fingerprint ?? null },
    extraNetworks: [...config.api.cameraNetworks],
  };
  const told = await withoutPorts(() => vision.pool.askDevice(plan), toldByDevices, { clock, signal });
  if (told.outcome === 'failed') return told;
  // Judged here: a vision process that was taken over must not choose where the login goes.
  const host = deviceAddressOf(device)?.host ?? '';
  const isElsewhere = (url?: string): boolean =>
    url !== undefined && !isSameHost(endpointOf(url)?.host ?? '', host);
  const profiles = told.profiles.map((profile) => ({ ...profile, isElsewhere: isElsewhere(profile.url) }));
  return { ...told, profiles: profiles.sort((a, b) => pixelsOf(b) - pixelsOf(a)) };
}

const pixelsOf = ({ widthPx = 0, heightPx = 0 }: { widthPx?: number; heightPx?: number }): number =>
  widthPx * heightPx;

/** Null without a login. @throws `login-form` */
function loginIn(login: Uint8Array | undefined): CameraCredential | null {
  const credential = login === undefined ? null : parseUserPassword(login);
  if (credential === undefined) throw refusals.loginForm();
  return credential;
}

const mayUse = ({ cameras }: Caller, id: string): boolean => cameras === undefined || cameras.has(id);

/** Cameras whose address names this host. */
function camerasAt(address: string, cameras: readonly CameraConfig[]): readonly string[] {
  const host = address.includes(':') ? `[${address}]` : address;
  return cameras.filter(({ url }) => new URL(url).hostname === host).map(({ id }) => id);
}

/** False if there is no switch. Throws when vision cannot start with the change. */
async function release(
  id: string,
  by: Actor,
  { runtime, switches, audit, signal }: CameraOptions,
): Promise<boolean> {
  if (!runtime.switchedCameras.has(id)) return false;
  switches.set(id, null, (state) =>
    audit.append({ by, action: 'camera.released', subject: id, details: stateDetail(state) }),
  );
  await runtime.replan(signal);
  return true;
}

function describeSettings(camera: CameraConfig): CameraDetails['settings'] {
  const { url, substream, credential, allowBasicLogin, fingerprint, transport, hwaccel, rates, liveness } =
    camera;
  const { smallestFacePx, maxAnalysisWidthPx, stallAfterS, firstFrameWithinS } = camera;
  return {
    ...{ url, allowBasicLogin, transport, hwaccel, ...rates, smallestFacePx, maxAnalysisWidthPx },
    ...{ stallAfterS, firstFrameWithinS },
    ...present({ substream, credential, fingerprint, requireLiveness: liveness.require }),
    pictureChecks: camera.pictureChecks,
    ...{ zones: camera.zones, masks: camera.masks },
  };
}
