import { z } from 'zod';
import { maximumClipFiles } from '../contract/liveness.js';
import {
  detectorNames,
  landmarkNames,
  passivePadNames,
  providerNames,
  recogniserName,
} from '../contract/settings/vision-schema.js';
import { largestBestShotBytes } from '../kernel/faces/best-shot.js';
import { photoWarnings } from '../kernel/faces/photo-quality.js';
import { facePlaces } from '../kernel/faces/photographed-faces.js';
import { qualityReasons } from '../kernel/faces/quality.js';
import { headGestureKinds } from '../kernel/liveness/head-gesture.js';
import { livenessReasons, livenessVerdicts } from '../kernel/liveness/liveness.js';
import { bytesPerSample, mostOpennessSamples } from '../kernel/liveness/openness-curve.js';
import { logLevels } from '../kernel/logger.js';
import { type PictureDamageCode, pictureChecks } from '../kernel/picture-damage.js';
import { shownText } from '../kernel/printable-text.js';
import { sightingEnds } from '../kernel/tracks/sighting.js';
import { preparations } from './inference/preparation.js';
import { stageBoundsS, stages } from './stage-counters.js';
import type { MessageLimits } from './wire.js';

/**
 * The messages between the core and a vision process. The core does not trust a process that decodes camera bytes: it checks
 * every report against these schemas before it uses it.
 */

const finite = z.number();
const count = z.number().int().nonnegative();
const unit = z.number().min(0).max(1);
/** A text from the vision process or a camera. Parsing makes it one line without control characters. */
const shortText = z
  .string()
  .max(2000)
  .transform((text) => shownText(text));
/** Ids become parts of topics, file names, log lines and events. */
const identifier = z.string().regex(/^[\w.@:+-]{1,128}$/);
/** Larger than any picture is wide, in pixels. */
const pixels = z.number().min(-1e6).max(1e6);

const degrees = z.number().min(-180).max(180);

/** Most values in an embedding of any supported recogniser; 4 bytes each. */
const maximumEmbeddingValues = 1024;
const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;
const embeddingText = z.string().max(base64Length(maximumEmbeddingValues * 4));

/** Largest JPEG of a whole picture, bytes. */
export const largestSnapshotBytes = 1024 * 1024;
/** Bytes that sealing to a key adds (libsodium `crypto_box_SEALBYTES`). */
const sealBytes = 48;

/** Largest photograph file, MiB. Photographs of phones are much smaller. */
export const largestPhotographMiB = 32;

/** Orders come from the core, which a vision process trusts: a plan with hundreds of cameras, or a photograph. */
export const orderLimits: MessageLimits = {
  bodyBytes: 1024 * 1024,
  attachmentBytes: () => largestPhotographMiB * 1024 * 1024,
};

/**
 * Largest JSON of a report, bytes: the core parses it within milliseconds. The largest reports are the progress of many
 * cameras (`mostReportedCameras`) and a photograph of a crowd (`mostFaces`).
 */
const largestReportBytes = 64 * 1024;
export const mostReportedCameras = 32;
export const mostFaces = 200;

/** The picture of a sighting is small. A larger one is accepted only while the core waits for a requested picture. */
export const reportLimits = (isPictureAsked: () => boolean): MessageLimits => ({
  bodyBytes: largestReportBytes,
  attachmentBytes: () => (isPictureAsked() ? largestSnapshotBytes + sealBytes : largestBestShotBytes),
});

/** How to open and analyse one camera. The credential crosses only this pipe. */
const cameraPlanSchema = z.strictObject({
  id: identifier,
  url: z.string(),
  credential: z.strictObject({ user: z.string(), password: z.string() }).nullable(),
  allowsBasicLogin: z.boolean(),
  /** PEM. */
  authorities: z.string().nullable(),
  fingerprint: z.string().nullable(),
  /** Bounds where the camera may be; null: anywhere. */
  extraNetworks: z.array(z.string()).nullable(),
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

const visionPlanSchema = z.strictObject({
  cameras: z.array(cameraPlanSchema),
  modelsDirectory: z.string().nullable(),
  provider: z.enum(providerNames),
  detector: z.enum(detectorNames),
  landmarks: z.enum(landmarkNames),
  recogniser: recogniserName,
  /** The configured similarity from which two faces count as one person. Used where the manifest has no threshold. */
  threshold: finite.nullable(),
  passivePad: z.enum(passivePadNames),
  threads: z.number().int().positive(),
  liveness: z.strictObject({ attackAfterS: finite, minimumBlinks: z.number().int().positive() }),
  /** Whether sightings carry pictures. False: no pictures are made. */
  takesBestShots: z.boolean(),
});

/** Messages from the core to a vision process. */
export const orderSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), plan: visionPlanSchema }),
  z.strictObject({ type: z.literal('log-level'), level: z.enum(logLevels) }),
  /** The attachment is the photograph's file. `kept`: enrolment accepted it before, and now quality does not matter. */
  z.strictObject({
    type: z.literal('analyse-photo'),
    request: count,
    photograph: z.enum(['new', 'kept']),
    /** Which face of a new photograph to take, counted from 1 from left to right. Default: the dominant face. */
    faceNumber: z.number().int().positive().optional(),
  }),
  /** The attachment is a picture's file. Its largest faces are described, and embedded if `isEmbedded`. Nothing is kept. */
  z.strictObject({ type: z.literal('analyse-faces'), request: count, isEmbedded: z.boolean() }),
  /** The attachment contains files of these sizes, bytes: one clip, or photographs taken at `fps`. */
  z.strictObject({
    type: z.literal('analyse-clip'),
    request: count,
    sizes: z.array(z.number().int().positive()).min(1).max(maximumClipFiles),
    fps: z.number().min(1).max(60),
    /** Whether the embeddings of the face are asked for. */
    isEmbedded: z.boolean(),
  }),
  /** The attachment is a picture of a person who is guided through an enrolment. */
  z.strictObject({ type: z.literal('look-at-guided'), request: count }),
  /** The attachment is a clip. */
  z.strictObject({ type: z.literal('cut-clip'), request: count }),
  /** Adds a camera; has no effect where the camera is open already. */
  z.strictObject({ type: z.literal('open-camera'), camera: cameraPlanSchema }),
  /** Answered when its tracks have ended and the camera is closed. */
  z.strictObject({ type: z.literal('close-camera'), request: count, cameraId: identifier }),
  z.strictObject({ type: z.literal('test-camera'), request: count, camera: cameraPlanSchema }),
  /**
   * `sealTo`: the X25519 public key to seal the picture to, 32 bytes in base64url. `isMarked`: the picture shows the boxes of the faces.
   */
  z.strictObject({
    type: z.literal('take-snapshot'),
    request: count,
    cameraId: identifier,
    sealTo: z.string().length(43),
    isMarked: z.boolean(),
  }),
  /** Lets the gate get the pictures of a camera, or its video as it sends it: once, with this ticket, at this socket. */
  z.strictObject({
    type: z.literal('open-view'),
    request: count,
    view: count,
    cameraId: identifier,
    kind: z.enum(['pictures', 'video']),
    ticket: z.string().length(43),
    socketPath: z.string().max(107),
  }),
  /** Ends a view, also one that is in use. */
  z.strictObject({ type: z.literal('close-view'), view: count }),
  /** Begins or ends the reports of what is measured at the faces in the sight of a camera. */
  z.strictObject({ type: z.literal('follow-camera'), cameraId: identifier, isFollowed: z.boolean() }),
  z.strictObject({ type: z.literal('discover-cameras'), request: count, durationMs: count }),
  /** Reads and loads a network of the owner that is to be added. */
  z.strictObject({
    type: z.literal('open-own-network'),
    request: count,
    path: z.string(),
    sha256: z.string(),
  }),
  /** The attachment is a photograph: embeds its face with the opened network, prepared in each of these ways. */
  z.strictObject({
    type: z.literal('try-own-network'),
    request: count,
    preparations: z
      .array(
        z
          .number()
          .int()
          .min(0)
          .max(preparations.length - 1),
      )
      .min(1),
  }),
  z.strictObject({ type: z.literal('stop') }),
]);

const box = z.strictObject({ x: pixels, y: pixels, width: pixels, height: pixels });

const quality = z.strictObject({
  score: unit,
  reasons: z.array(z.enum(qualityReasons)).max(qualityReasons.length),
});

/** `reasons` are those that refuse the photograph. */
const photoQuality = quality.extend({
  warnings: z.array(z.enum(photoWarnings)).max(photoWarnings.length).exactOptional(),
});

/** Longest blink, milliseconds. */
const longestBlinkMs = 10_000;

const blinks = z
  .array(z.strictObject({ atMs: finite, durationMs: z.number().min(0).max(longestBlinkMs) }))
  .max(100);

/** Most gestures in the evidence; a vision process keeps fewer. */
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

/** Frames of a track that stays for days. */
const views = count.max(1e9);

/** The core writes the tally into the journal of passages. */
const viewTally = z.strictObject({
  count: views,
  embedded: views,
  faults: z.partialRecord(z.enum(qualityReasons), views),
  best: z
    .strictObject({
      quality,
      widthPx: pixels.min(0),
      smallestFacePx: pixels.min(0),
      yawDeg: degrees,
      pitchDeg: degrees,
      meanLuma: z.number().min(0).max(255),
      sharpness: z.number().min(0).max(1e6),
    })
    .exactOptional(),
});

type WireTally = z.infer<typeof viewTally>;

/** No number in it exceeds that of the views. */
function isPossible({ count: all, embedded, faults, best }: WireTally): boolean {
  const parts = [embedded, ...Object.values(faults)];
  return parts.every((part) => part <= all) && (best === undefined || all > 0);
}

/** Most probes in a sighting; a frame gives at most one. */
const mostProbes = 4;

const probe = z.strictObject({ capturedAtMs: finite, embeddingBase64: embeddingText, quality: unit });

/** Any bytes of such a number are samples. */
function isWholeSamples(base64: string): boolean {
  const bytes = Buffer.byteLength(base64, 'base64');
  return bytes > 0 && bytes % bytesPerSample === 0;
}

const sightingSchema = z
  .strictObject({
    cameraId: identifier,
    trackId: identifier,
    sequence: count,
    isEnded: z.boolean(),
    endedBy: z.enum(sightingEnds).exactOptional(),
    firstSeenMs: finite,
    lastSeenMs: finite,
    box,
    quality,
    views: viewTally.refine(isPossible, { error: 'impossible numbers of views' }),
    liveness,
    recogniser: identifier,
    probes: z.array(probe).max(mostProbes),
    /** The attachment is its JPEG. */
    bestShot: z.strictObject({ capturedAtMs: finite }).optional(),
    openness: z
      .strictObject({
        fromMs: finite,
        packedBase64: z
          .base64()
          .max(base64Length(mostOpennessSamples * bytesPerSample))
          .refine(isWholeSamples, { error: 'not a whole number of samples' }),
      })
      .exactOptional(),
  })
  .refine(({ isEnded, endedBy }) => isEnded === (endedBy !== undefined), {
    error: 'an end without its reason, or the reverse',
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

/** The state of one camera's stream; technicians see the names in `rollcall status`. */
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

/** The box is in whole pixels of the original photograph. */
const numberedFace = z.strictObject({
  number: z.number().int().positive(),
  place: z.enum(facePlaces),
  box: z.strictObject({ x: pixelCount, y: pixelCount, width: pixelCount, height: pixelCount }),
});

/** The attachment is the JPEG that enrolment keeps of an accepted photograph. */
const photoOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    embeddingBase64: embeddingText,
    recogniser: identifier,
    quality: photoQuality,
    /** The face that was taken, and the number of faces; absent where there is only one. */
    taken: z.strictObject({ face: numberedFace, faceCount: count }).optional(),
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    code: shortText,
    message: shortText,
    remedy: shortText,
    /** The faces to pick from, from left to right. */
    faces: z.array(numberedFace).max(mostFaces).optional(),
  }),
]);

/** Most faces of one picture that are analysed. */
export const mostAnalysedFaces = 16;

/** `faceCount`: faces in the picture. `embeddingBase64` is present where it was asked for. */
const facesOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    recogniser: identifier,
    faceCount: count,
    faces: z
      .array(
        z.strictObject({
          face: numberedFace,
          quality: photoQuality,
          embeddingBase64: embeddingText.exactOptional(),
        }),
      )
      .max(mostAnalysedFaces),
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    code: shortText,
    message: shortText,
    remedy: shortText,
  }),
]);

const refusedOutcome = z.strictObject({
  outcome: z.literal('refused'),
  code: shortText,
  message: shortText,
  remedy: shortText,
});

const luma = z.number().min(0).max(255);

/** `main` is absent where no face is clearly the main one; its embedding, where the gates refuse it. */
const guidedOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    recogniser: identifier,
    widthPx: pixelCount,
    heightPx: pixelCount,
    faceCount: count,
    main: z
      .strictObject({
        face: numberedFace,
        quality,
        yawDeg: degrees,
        pitchDeg: degrees,
        openness: z.number().min(0).max(100),
        meanLuma: luma,
        lumaAround: luma,
        embeddingBase64: embeddingText.exactOptional(),
      })
      .exactOptional(),
  }),
  refusedOutcome,
]);

/** The most pictures that are cut from a clip. */
const mostClipPictures = 10;

/** The attachment has the JPEGs, of these sizes, one after the other. */
const cutOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    sizes: z.array(z.number().int().positive()).min(1).max(mostClipPictures),
  }),
  refusedOutcome,
]);

/** `certificate`: the camera's, accepted or not. */
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
    /** Problems of the camera, the network or this box. */
    problems: z.array(z.strictObject({ code: shortText, message: shortText, remedy: shortText })).max(10),
    /** The faces in the frame with the most faces. */
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

/** Most probes of a clip: those of the best views. */
export const mostClipProbes = 24;

/** `faceCount`: the tracked faces; `liveness` and `probes` belong to the one that was seen for longest. */
const clipOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    liveness,
    durationS: z.number().min(0).max(1e6),
    faceWidthPx: finite,
    faceCount: count,
    recogniser: identifier,
    /** Empty unless they were asked for. */
    probes: z.array(probe).max(mostClipProbes),
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    code: shortText,
    message: shortText,
    remedy: shortText,
  }),
]);

/** The attachment is a JPEG in a sealed box: the core cannot read it. */
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

const viewOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('ok') }),
  z.strictObject({ outcome: z.literal('failed'), code: shortText, message: shortText, remedy: shortText }),
]);

const graphName = z.string().min(1).max(200);

/** The interface of a network of the owner, as its file declares it. */
const ownNetworkOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    input: z.strictObject({ name: graphName, layout: z.enum(['NCHW', 'NHWC']) }),
    output: z.strictObject({
      name: graphName,
      dimensions: z.number().int().min(64).max(maximumEmbeddingValues),
    }),
  }),
  z.strictObject({ outcome: z.literal('refused'), code: shortText, message: shortText, remedy: shortText }),
]);

/** `refusal`: why enrolment would refuse the photograph. An embedding is null if the network gave no usable numbers. */
const ownTrialOutcome = z.strictObject({
  refusal: shortText.nullable(),
  embeddings: z.array(embeddingText.nullable()).max(preparations.length),
});

/** Bounds of what the network may say in a discovery. `mostBytes`: of all devices as JSON, which leaves room in a report. */
export const discoveryLimits = {
  ...{ mostDevices: 64, mostBytes: 48 * 1024, longestText: 100, mostServices: 4, longestService: 200 },
};

/** An address of the web as devices give it: mostly with the number of a host instead of its name. */
export function isDeviceService(text: string): boolean {
  const isPlain = text.length <= discoveryLimits.longestService && /^[!-~]+$/.test(text);
  if (!isPlain || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

const deviceText = z
  .string()
  .max(discoveryLimits.longestText)
  .transform((text) => shownText(text));

/** Devices of the network that answered. What they say of themselves may be anything. */
const discoveryOutcome = z.strictObject({
  devices: z
    .array(
      z.strictObject({
        address: z.ipv4(),
        name: deviceText.exactOptional(),
        hardware: deviceText.exactOptional(),
        location: deviceText.exactOptional(),
        services: z.array(z.string().refine(isDeviceService)).max(discoveryLimits.mostServices),
      }),
    )
    .max(discoveryLimits.mostDevices),
  isCutShort: z.boolean(),
});

/** Most faces in a report of what is in sight, and most values of the eyes of each since the report before. */
export const mostFacesInSight = 32;
export const mostOpenness = 16;

/** What is measured at the faces in the sight of a camera: numbers only. */
const facesInSight = z.strictObject({
  cameraId: identifier,
  capturedAtMs: finite,
  faces: z
    .array(
      z.strictObject({
        trackId: identifier,
        number: z.number().int().positive(),
        view: z
          .strictObject({
            quality,
            widthPx: pixels,
            sharpness: z.number().min(0).max(1e6),
            yawDeg: z.number().min(-180).max(180),
            meanLuma: z.number().min(0).max(255),
          })
          .nullable(),
        openness: z.array(z.number().min(0).max(100).nullable()).max(mostOpenness),
        liveness: z.strictObject({
          verdict: z.enum(livenessVerdicts),
          reason: z.enum(livenessReasons),
          blinkCount: count,
          observedS: z.number().min(0).max(1e9),
        }),
      }),
    )
    .max(mostFacesInSight),
});

/** Milliseconds of thirty thousand years. The core adds counters up, and no sum may leave the numbers. */
const counted = z.number().min(-1e15).max(1e15);
/** Counters by name; a camera has about forty. */
const counters = z
  .record(z.string().regex(/^[A-Za-z]\w{0,63}$/), counted)
  .refine((given) => Object.keys(given).length <= 100, { error: 'too many counters' });

/** As in `StageTimes`. */
const stageTimes = z
  .partialRecord(
    z.enum(stages),
    z
      .array(count)
      .length(stageBoundsS.length + 1)
      .readonly(),
  )
  .readonly();

/** What a vision process counted about one camera since it opened the camera. */
const cameraProgress = z.strictObject({ id: identifier, counters: counters.readonly(), stageTimes });
export type CameraProgress = z.infer<typeof cameraProgress>;

/** Messages from a vision process to the core. */
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
    cameras: z.array(cameraProgress).max(mostReportedCameras),
  }),
  facesInSight.extend({ type: z.literal('faces-in-sight') }),
  z.strictObject({ type: z.literal('photo'), request: count, result: photoOutcome }),
  z.strictObject({ type: z.literal('faces'), request: count, result: facesOutcome }),
  z.strictObject({ type: z.literal('clip'), request: count, result: clipOutcome }),
  z.strictObject({ type: z.literal('guided'), request: count, result: guidedOutcome }),
  z.strictObject({ type: z.literal('clip-cut'), request: count, result: cutOutcome }),
  z.strictObject({ type: z.literal('camera-test'), request: count, result: cameraTestOutcome }),
  z.strictObject({ type: z.literal('camera-closed'), request: count }),
  z.strictObject({ type: z.literal('snapshot'), request: count, result: snapshotOutcome }),
  z.strictObject({ type: z.literal('view-opened'), request: count, result: viewOutcome }),
  z.strictObject({ type: z.literal('discovered'), request: count, result: discoveryOutcome }),
  z.strictObject({ type: z.literal('own-network'), request: count, result: ownNetworkOutcome }),
  z.strictObject({ type: z.literal('own-network-tried'), request: count, result: ownTrialOutcome }),
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
/** What a caller may watch of a camera. */
export type LiveKind = Extract<Order, { readonly type: 'open-view' }>['kind'];
export type CameraState = z.infer<typeof cameraStateSchema>;
/** An outcome together with its picture. */
type WithPicture<T> = T extends { readonly outcome: 'ok' } ? T & { readonly picture: Uint8Array } : T;
export type FacesInSight = z.infer<typeof facesInSight>;
export type PhotoOutcome = WithPicture<z.infer<typeof photoOutcome>>;
export type FacesOutcome = z.infer<typeof facesOutcome>;
export type ClipOutcome = z.infer<typeof clipOutcome>;
export type GuidedOutcome = z.infer<typeof guidedOutcome>;
export type CutOutcome = WithPicture<z.infer<typeof cutOutcome>>;
export type CameraTestOutcome = z.infer<typeof cameraTestOutcome>;
export type DiscoveryOutcome = z.infer<typeof discoveryOutcome>;
export type SnapshotOutcome = WithPicture<z.infer<typeof snapshotOutcome>>;
export type OwnNetworkOutcome = z.infer<typeof ownNetworkOutcome>;
export type OwnTrialOutcome = z.infer<typeof ownTrialOutcome>;
export type ViewOutcome = z.infer<typeof viewOutcome>;
export type WireSighting = z.infer<typeof sightingSchema>;

/** The answer for a camera that this process does not analyse, or that sends no frames. */
export const cameraNotStreaming: Extract<ViewOutcome, { outcome: 'failed' }> = {
  outcome: 'failed',
  code: 'camera-not-streaming',
  message: 'no picture of the camera is available',
  remedy: "See 'rollcall camera list'.",
};

type WithoutPicture<T> = T extends { readonly picture: Uint8Array } ? Omit<T, 'picture'> : T;

/** Splits an outcome into the JSON part of a report and the picture, which becomes the attachment. */
export function withoutPicture<T extends PhotoOutcome | SnapshotOutcome | CutOutcome>(
  outcome: T,
): { readonly result: WithoutPicture<T>; readonly picture: Uint8Array | undefined } {
  const { picture, ...result } = outcome.outcome === 'ok' ? outcome : { ...outcome, picture: undefined };
  return { result: result as WithoutPicture<T>, picture };
}
