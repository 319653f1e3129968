import { z } from 'zod';
import { detectorNames, passivePadNames, providerNames, recogniserNames } from '../config/vision-schema.js';
import { largestBestShotBytes } from '../domain/faces/best-shot.js';
import { facePlaces } from '../domain/faces/photographed-faces.js';
import { qualityReasons } from '../domain/faces/quality.js';
import { mostClipFiles } from '../domain/liveness/clip-limits.js';
import { headGestureKinds } from '../domain/liveness/head-gesture.js';
import { livenessReasons, livenessVerdicts } from '../domain/liveness/liveness.js';
import { type PictureDamageCode, pictureChecks } from '../domain/picture-damage.js';
import { shownText } from '../domain/printable-text.js';
import type { MessageLimits } from './wire.js';

/**
 * The messages between the core and a vision process. The core trusts nothing that comes from a process which decodes
 * camera bytes: every report is checked against these schemas before anything looks at it.
 */

const finite = z.number();
const count = z.number().int().nonnegative();
const unit = z.number().min(0).max(1);
/** Written by the vision process or by a camera: one line, and nothing in it that steers a terminal, from here on. */
const shortText = z
  .string()
  .max(2000)
  .transform((text) => shownText(text));
/** Ids come to topics, files, logs and events. */
const identifier = z.string().regex(/^[\w.@:+-]{1,128}$/);
/** Larger than any picture is wide, in pixels. */
const pixels = z.number().min(-1e6).max(1e6);

/** Longest embedding any supported recogniser makes, in values; 4 bytes each, base64 below. */
const maximumEmbeddingValues = 1024;
const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;
const embeddingText = z.string().max(base64Length(maximumEmbeddingValues * 4));

/** Largest JPEG of a whole picture, bytes. */
export const largestSnapshotBytes = 1024 * 1024;
/** What sealing to a key adds, bytes (libsodium `crypto_box_SEALBYTES`). */
const sealBytes = 48;

/** Largest photograph file that is taken, MiB: it fits a message; those of phones are a fraction of it. */
export const largestPhotographMiB = 32;

/** Orders come from the core, which a vision process may trust: a plan with hundreds of cameras, and a photograph. */
export const orderLimits: MessageLimits = {
  bodyBytes: 1024 * 1024,
  attachmentBytes: () => largestPhotographMiB * 1024 * 1024,
};

/**
 * Largest JSON of a report, bytes: the core reads one within milliseconds. The largest that is said is the progress of many
 * cameras (`mostReportedCameras`), or a photograph of a crowd (`mostFaces`).
 */
const largestReportBytes = 64 * 1024;
export const mostReportedCameras = 32;
export const mostFaces = 200;

/** A picture of a sighting is small; one that was asked for may be larger, while it is. */
export const reportLimits = (isPictureAsked: () => boolean): MessageLimits => ({
  bodyBytes: largestReportBytes,
  attachmentBytes: () => (isPictureAsked() ? largestSnapshotBytes + sealBytes : largestBestShotBytes),
});

/** How to open one camera and how to look at it. The credential travels only through this pipe. */
export const cameraPlanSchema = z.strictObject({
  id: identifier,
  url: z.string(),
  credential: z.strictObject({ user: z.string(), password: z.string() }).nullable(),
  allowsBasicLogin: z.boolean(),
  /** PEM. */
  authorities: z.string().nullable(),
  fingerprint: z.string().nullable(),
  transport: z.enum(['tcp', 'udp']),
  hwaccel: z.string(),
  maxAnalysisWidthPx: count,
  stallAfterS: finite,
  firstFrameWithinS: finite,
  smallestFacePx: finite,
  idleFps: finite,
  trackingFps: finite,
  provingFps: finite,
  pictureChecks: z.array(z.enum(pictureChecks)),
});

export const visionPlanSchema = z.strictObject({
  cameras: z.array(cameraPlanSchema),
  modelsDirectory: z.string().nullable(),
  provider: z.enum(providerNames),
  detector: z.enum(detectorNames),
  recogniser: z.enum(recogniserNames),
  /** Cosine from which two faces count as one person, as configured; counts where the manifest has none for the recogniser. */
  threshold: finite.nullable(),
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
  /** The attachment holds files of these sizes, bytes: one clip, or photographs that were taken at so many a second. */
  z.strictObject({
    type: z.literal('analyse-clip'),
    request: count,
    sizes: z.array(z.number().int().positive()).min(1).max(mostClipFiles),
    fps: z.number().min(1).max(60),
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

const box = z.strictObject({ x: pixels, y: pixels, width: pixels, height: pixels });

const quality = z.strictObject({
  score: unit,
  reasons: z.array(z.enum(qualityReasons)).max(qualityReasons.length),
});

/** No blink lasts so long, milliseconds. */
const longestBlinkMs = 10_000;

const blinks = z
  .array(z.strictObject({ atMs: finite, durationMs: z.number().min(0).max(longestBlinkMs) }))
  .max(100);

/** Vision keeps fewer. */
const mostGestures = 32;

const liveness = z.strictObject({
  verdict: z.enum(livenessVerdicts),
  reason: z.enum(livenessReasons),
  evidence: z.strictObject({
    blinks,
    unboundBlinks: blinks,
    gestures: z
      .array(z.strictObject({ kind: z.enum(headGestureKinds), startMs: finite, endMs: finite }))
      .max(mostGestures),
    sameFaceMs: finite.optional(),
    observedS: z.number().min(0).max(1e9),
    frameCount: count,
    passiveScore: unit.optional(),
  }),
});

/** A frame gives one at most. */
const mostProbes = 4;

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
    .max(mostProbes),
  /** Its JPEG is the attachment. */
  bestShot: z.strictObject({ capturedAtMs: finite }).optional(),
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

const pixelCount = z.number().int().min(0).max(1e6);

/** In whole pixels of the photograph as it was sent. */
const numberedFace = z.strictObject({
  number: z.number().int().positive(),
  place: z.enum(facePlaces),
  box: z.strictObject({ x: pixelCount, y: pixelCount, width: pixelCount, height: pixelCount }),
});

/** What is kept of an accepted photograph, a JPEG, is the attachment. */
const photoOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    embeddingBase64: embeddingText,
    recogniser: identifier,
    quality,
    /** The face that was taken, and how many there are; absent where it is the only one. */
    taken: z.strictObject({ face: numberedFace, faceCount: count }).optional(),
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    code: shortText,
    message: shortText,
    remedy: shortText,
    /** Where one of several faces has to be picked, from left to right. */
    faces: z.array(numberedFace).max(mostFaces).optional(),
  }),
]);

/** `certificate`: shown by the camera, whether or not it was accepted. */
const connectionSecurity = z.strictObject({
  isEncrypted: z.boolean(),
  certificate: z
    .strictObject({
      subject: shortText,
      issuer: shortText,
      names: shortText,
      validFrom: shortText,
      validUntil: shortText,
      fingerprint: shortText,
    })
    .nullable(),
  login: z.enum(['digest', 'basic']).nullable(),
});

const cameraTestOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    stream: streamInfo,
    firstFrameMs: finite,
    measuredFps: finite,
    decodingCores: finite.nullable(),
    connection: connectionSecurity.exactOptional(),
    framesAnalysed: count,
    /** What the camera, or this box, cannot be used with as it is. */
    problems: z.array(z.strictObject({ code: shortText, message: shortText, remedy: shortText })).max(10),
    /** Faces found in the frame that showed most. */
    faces: z
      .array(z.strictObject({ widthPx: finite, score: unit, quality: quality.nullable() }))
      .max(mostFaces),
  }),
  z.strictObject({
    outcome: z.literal('failed'),
    code: shortText,
    message: shortText,
    remedy: shortText,
    connection: connectionSecurity.exactOptional(),
  }),
]);

/** `faceCount`: faces that were followed; `liveness` is of the one that was seen for longest. */
const clipOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    liveness,
    durationS: z.number().min(0).max(1e6),
    faceWidthPx: finite,
    faceCount: count,
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    code: shortText,
    message: shortText,
    remedy: shortText,
  }),
]);

/** The attachment is a JPEG in a sealed box: the core cannot look at it. */
const snapshotOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    widthPx: count,
    heightPx: count,
    /** Wall clock, milliseconds since the epoch. */
    takenAtMs: finite,
  }),
  z.strictObject({ outcome: z.literal('failed'), code: shortText, message: shortText, remedy: shortText }),
]);

/** By name; there are some forty of a camera. */
const counters = z
  .record(z.string().regex(/^[A-Za-z]\w{0,63}$/), finite)
  .refine((given) => Object.keys(given).length <= 100, { error: 'too many counters' });

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
    cameras: z.array(z.strictObject({ id: identifier, counters })).max(mostReportedCameras),
  }),
  z.strictObject({ type: z.literal('photo'), request: count, result: photoOutcome }),
  z.strictObject({ type: z.literal('clip'), request: count, result: clipOutcome }),
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
/** An outcome with the picture that came with it. */
type WithPicture<T> = T extends { readonly outcome: 'ok' } ? T & { readonly picture: Uint8Array } : T;
export type PhotoOutcome = WithPicture<z.infer<typeof photoOutcome>>;
export type ClipOutcome = z.infer<typeof clipOutcome>;
export type CameraTestOutcome = z.infer<typeof cameraTestOutcome>;
export type SnapshotOutcome = WithPicture<z.infer<typeof snapshotOutcome>>;
export type WireSighting = z.infer<typeof sightingSchema>;

type WithoutPicture<T> = T extends { readonly picture: Uint8Array } ? Omit<T, 'picture'> : T;

/** An outcome as it crosses, and its picture, which is the attachment. */
export function withoutPicture<T extends PhotoOutcome | SnapshotOutcome>(
  outcome: T,
): { readonly result: WithoutPicture<T>; readonly picture: Uint8Array | undefined } {
  const { picture, ...result } = outcome.outcome === 'ok' ? outcome : { ...outcome, picture: undefined };
  return { result: result as WithoutPicture<T>, picture };
}
