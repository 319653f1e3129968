import { z } from 'zod';
import { detectorNames, passivePadNames, providerNames, recogniserNames } from '../config/vision-schema.js';
import { largestBestShotBytes } from '../domain/faces/best-shot.js';
import { facePlaces } from '../domain/faces/photographed-faces.js';
import { qualityReasons } from '../domain/faces/quality.js';
import { livenessReasons, livenessVerdicts } from '../domain/liveness/liveness.js';
import { type PictureDamageCode, pictureChecks } from '../domain/picture-damage.js';

/**
 * The messages between the core and a vision process. The core trusts nothing that comes from a process which decodes
 * camera bytes: every report is checked against these schemas before anything looks at it.
 */

const finite = z.number();
const count = z.number().int().nonnegative();
const unit = z.number().min(0).max(1);
const shortText = z.string().max(2000);
const identifier = z.string().min(1).max(128);

/** Longest embedding any supported recogniser makes, in values; 4 bytes each, base64 below. */
const maximumEmbeddingValues = 1024;
const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;
const embeddingText = z.string().max(base64Length(maximumEmbeddingValues * 4));
const bestShotText = z.string().min(1).max(base64Length(largestBestShotBytes));

/** Largest JPEG of a whole picture, bytes. */
export const largestSnapshotBytes = 1024 * 1024;

/** Largest photograph file that is taken, MiB: it fits a message; those of phones are a fraction of it. */
export const largestPhotographMiB = 32;

/** How to open one camera and how to look at it. The credential travels only through this pipe. */
export const cameraPlanSchema = z.strictObject({
  id: identifier,
  url: z.string(),
  credential: z.strictObject({ user: z.string(), password: z.string() }).nullable(),
  transport: z.enum(['tcp', 'udp']),
  hwaccel: z.string(),
  maxAnalysisWidthPx: count,
  stallAfterS: finite,
  firstFrameWithinS: finite,
  smallestFacePx: finite,
  idleFps: finite,
  trackingFps: finite,
  pictureChecks: z.array(z.enum(pictureChecks)),
});

export const visionPlanSchema = z.strictObject({
  cameras: z.array(cameraPlanSchema),
  modelsDirectory: z.string().nullable(),
  provider: z.enum(providerNames),
  detector: z.enum(detectorNames),
  recogniser: z.enum(recogniserNames),
  passivePad: z.enum(passivePadNames),
  threads: z.number().int().positive(),
  liveness: z.strictObject({ attackAfterS: finite, minimumBlinks: z.number().int().positive() }),
  /** Whether sightings carry pictures; false: none is ever made. */
  takesBestShots: z.boolean(),
});

/** What the core asks of a vision process. */
export const orderSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), plan: visionPlanSchema }),
  z.strictObject({ type: z.literal('log-level'), level: z.enum(['debug', 'info', 'warn', 'error']) }),
  /** The photograph's file is the attachment. `kept`: enrolment accepted it before, and a template is wanted whatever it is worth. */
  z.strictObject({
    type: z.literal('analyse-photo'),
    request: count,
    photograph: z.enum(['new', 'kept']),
    /** Which face of a new one to take, from 1, from left to right; absent: the one that it is of. */
    faceNumber: z.number().int().positive().optional(),
  }),
  /** Adds a camera; has no effect where the process looks at it already. */
  z.strictObject({ type: z.literal('open-camera'), camera: cameraPlanSchema }),
  /** Answered when its tracks have ended and its session is closed. */
  z.strictObject({ type: z.literal('close-camera'), request: count, cameraId: identifier }),
  z.strictObject({ type: z.literal('test-camera'), request: count, camera: cameraPlanSchema }),
  /** `sealTo`: the X25519 key that the picture is sealed to, 32 bytes in base64url. */
  z.strictObject({
    type: z.literal('take-snapshot'),
    request: count,
    cameraId: identifier,
    sealTo: z.string().length(43),
  }),
  z.strictObject({ type: z.literal('stop') }),
]);

const box = z.strictObject({ x: finite, y: finite, width: finite, height: finite });

const quality = z.strictObject({ score: unit, reasons: z.array(z.enum(qualityReasons)) });

const liveness = z.strictObject({
  verdict: z.enum(livenessVerdicts),
  reason: z.enum(livenessReasons),
  evidence: z.strictObject({
    blinks: z.array(z.strictObject({ atMs: finite, durationMs: finite })).max(1000),
    observedS: finite,
    frameCount: count,
    passiveScore: unit.optional(),
  }),
});

const sightingSchema = z.strictObject({
  cameraId: identifier,
  trackId: identifier,
  sequence: count,
  isEnded: z.boolean(),
  firstSeenMs: finite,
  lastSeenMs: finite,
  box,
  quality,
  liveness,
  recogniser: identifier,
  probes: z
    .array(z.strictObject({ capturedAtMs: finite, embeddingBase64: embeddingText, quality: unit }))
    .max(64),
  bestShot: z.strictObject({ capturedAtMs: finite, jpegBase64: bestShotText }).optional(),
});

const streamInfo = z.strictObject({
  codec: shortText,
  widthPx: count,
  heightPx: count,
  fps: finite.nullable(),
});

const pictureDamage = z.strictObject({
  code: z.enum(pictureChecks.map((check): PictureDamageCode => `pictures-${check}`)),
  message: shortText,
  remedy: shortText,
});

/** What is known of one camera's stream; the names technicians see in `rollcall status`. */
const cameraStateSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('connecting') }),
  z.strictObject({
    state: z.literal('streaming'),
    stream: streamInfo,
    damage: pictureDamage.exactOptional(),
  }),
  z.strictObject({
    state: z.literal('failed'),
    code: shortText,
    message: shortText,
    remedy: shortText,
    nextTryMs: finite,
  }),
]);

/** In whole pixels of the photograph as it was sent. */
const numberedFace = z.strictObject({
  number: z.number().int().positive(),
  place: z.enum(facePlaces),
  box: z.strictObject({ x: count, y: count, width: count, height: count }),
});

const photoOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    embeddingBase64: embeddingText,
    recogniser: identifier,
    quality,
    jpegBase64: z.string(),
    /** The face that was taken, and how many there are; absent where it is the only one. */
    taken: z.strictObject({ face: numberedFace, faceCount: count }).optional(),
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    code: shortText,
    message: shortText,
    remedy: shortText,
    /** Where one of several faces has to be picked, from left to right. */
    faces: z.array(numberedFace).max(500).optional(),
  }),
]);

const cameraTestOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    stream: streamInfo,
    firstFrameMs: finite,
    measuredFps: finite,
    decodingCores: finite.nullable(),
    framesAnalysed: count,
    /** What the camera, or this box, cannot be used with as it is. */
    problems: z.array(z.strictObject({ code: shortText, message: shortText, remedy: shortText })).max(10),
    /** Faces found in the frame that showed most. */
    faces: z.array(z.strictObject({ widthPx: finite, score: unit, quality: quality.nullable() })).max(500),
  }),
  z.strictObject({ outcome: z.literal('failed'), code: shortText, message: shortText, remedy: shortText }),
]);

const snapshotOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    widthPx: count,
    heightPx: count,
    /** Wall clock, milliseconds since the epoch. */
    takenAtMs: finite,
    /** A JPEG in a sealed box: the core cannot look at it. */
    sealedBase64url: z.string().max(base64Length(largestSnapshotBytes + 48)),
  }),
  z.strictObject({ outcome: z.literal('failed'), code: shortText, message: shortText, remedy: shortText }),
]);

/** What a vision process tells the core. */
export const reportSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ready'),
    provider: z.strictObject({ requested: shortText, actual: shortText, warning: shortText.optional() }),
    recogniser: identifier,
    ffmpegVersion: shortText,
  }),
  z.strictObject({ type: z.literal('sighting'), sighting: sightingSchema }),
  z.strictObject({ type: z.literal('camera'), cameraId: identifier, state: cameraStateSchema }),
  z.strictObject({
    type: z.literal('progress'),
    cameras: z.array(z.strictObject({ id: identifier, counters: z.record(z.string().max(64), finite) })),
  }),
  z.strictObject({ type: z.literal('photo'), request: count, result: photoOutcome }),
  z.strictObject({ type: z.literal('camera-test'), request: count, result: cameraTestOutcome }),
  z.strictObject({ type: z.literal('camera-closed'), request: count }),
  z.strictObject({ type: z.literal('snapshot'), request: count, result: snapshotOutcome }),
  z.strictObject({
    type: z.literal('failed'),
    code: shortText,
    message: shortText,
    remedy: shortText,
  }),
]);

export type CameraPlan = z.infer<typeof cameraPlanSchema>;
export type VisionPlan = z.infer<typeof visionPlanSchema>;
export type Order = z.infer<typeof orderSchema>;
export type Report = z.infer<typeof reportSchema>;
export type CameraState = z.infer<typeof cameraStateSchema>;
export type PhotoOutcome = z.infer<typeof photoOutcome>;
export type CameraTestOutcome = z.infer<typeof cameraTestOutcome>;
export type SnapshotOutcome = z.infer<typeof snapshotOutcome>;
export type WireSighting = z.infer<typeof sightingSchema>;
