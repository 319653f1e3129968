import { z } from 'zod';
import { cameraStreams } from '../../kernel/camera-state.js';
import { operational } from '../../kernel/errors.js';
import { largestBestShotBytes } from '../../kernel/faces/best-shot.js';
import { livenessReasons, livenessVerdicts } from '../../kernel/liveness/liveness.js';
import { largestClipBytes } from '../../kernel/passages/clip.js';
import { type PictureDamageCode, pictureChecks } from '../../kernel/picture-damage.js';
import { shownText } from '../../kernel/printable-text.js';
import {
  type Answer,
  cameraTestOutcome,
  clipOutcome,
  clipTakenOutcome,
  cutOutcome,
  deviceProfilesOutcome,
  discoveryOutcome,
  facesOutcome,
  guidedOutcome,
  largestSnapshotBytes,
  ownNetworkOutcome,
  ownTrialOutcome,
  photoOutcome,
  snapshotOutcome,
  streamInfo,
  viewOutcome,
} from './vision-answers.js';
import type { MessageLimits } from './vision-channel.js';
import { count, finite, identifier, pixels, problem, quality, shortText } from './vision-fields.js';
import type { Request } from './vision-orders.js';
import { sightingSchema } from './vision-sighting.js';

/**
 * Largest JSON of a report, bytes: the core parses it within milliseconds. The largest reports are the progress of many
 * cameras (`mostReportedCameras`) and a photograph of a crowd (`mostFaces`).
 */
const largestReportBytes = 64 * 1024;
export const mostReportedCameras = 32;
/** Bytes that sealing to a key adds (libsodium `crypto_box_SEALBYTES`). */
const sealBytes = 48;

/**
 * The picture of a sighting is small. A larger attachment is accepted only while the core waits for one: `askedBytes` says of what size.
 */
export const reportLimits = (askedBytes: () => number): MessageLimits => ({
  bodyBytes: largestReportBytes,
  attachmentBytes: () => Math.max(askedBytes(), largestBestShotBytes),
});

const pictureDamage = z.strictObject({
  ...problem,
  code: z.enum(pictureChecks.map((check): PictureDamageCode => `pictures-${check}`)),
});

/** Of a camera with two streams: the one that cannot be used, and why. The other one is analysed alone. */
const lostStream = z.strictObject({ which: z.enum(cameraStreams), ...problem });

/** The state of one camera's stream; technicians see the names in `rollcall status`. */
const cameraStateSchema = z.discriminatedUnion('state', [
  /** The first try, or a new one that starts without a wait: no problem is known yet. */
  z.strictObject({ state: z.literal('connecting') }),
  /** `damage`: pictures arrive, but they are unusable. */
  z.strictObject({
    state: z.literal('streaming'),
    stream: streamInfo,
    damage: pictureDamage.exactOptional(),
    lostStream: lostStream.exactOptional(),
  }),
  /** Kept during the next tries, so that the reason stays visible. */
  z.strictObject({
    state: z.literal('failed'),
    ...problem,
    /** Time from this state's beginning to the next try, milliseconds. */
    nextTryMs: finite,
  }),
]);

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

/** The stages of the analysis whose time is measured. */
export const stages = ['detect', 'locate', 'assess', 'embed', 'passive', 'bestShot'] as const;
export type Stage = (typeof stages)[number];

/** The steps in which the times of stages are counted, seconds. */
export const stageBoundsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

/** The number of runs of each stage by length: one count for each of `stageBoundsS`, and one for longer runs. */
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
/** As a vision process counts them. */
export type StageTimes = CameraProgress['stageTimes'];

const providerInUse = z.strictObject({
  requested: shortText,
  actual: shortText,
  warning: shortText.optional(),
});

/** Messages from a vision process to the core. */
export const reportSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ready'),
    provider: providerInUse,
    recogniser: identifier,
    ffmpegVersion: shortText,
    /** Whether the process has a network of its own. What should take it away may fail in silence. */
    hasNetwork: z.boolean(),
  }),
  // Once at most: `auto` gave up a GPU that no longer works.
  z.strictObject({ type: z.literal('provider-changed'), provider: providerInUse }),
  z.strictObject({ type: z.literal('sighting'), sighting: sightingSchema }),
  z.strictObject({ type: z.literal('camera'), cameraId: identifier, state: cameraStateSchema }),
  z.strictObject({
    type: z.literal('progress'),
    /** What the process has computed since its start, without its decoders, milliseconds of one core. The core cannot look at a process of another user. */
    processorMs: count,
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
  z.strictObject({ type: z.literal('clip-taken'), request: count, result: clipTakenOutcome }),
  z.strictObject({ type: z.literal('view-opened'), request: count, result: viewOutcome }),
  z.strictObject({ type: z.literal('discovered'), request: count, result: discoveryOutcome }),
  z.strictObject({ type: z.literal('device-asked'), request: count, result: deviceProfilesOutcome }),
  z.strictObject({ type: z.literal('own-network'), request: count, result: ownNetworkOutcome }),
  z.strictObject({ type: z.literal('own-network-tried'), request: count, result: ownTrialOutcome }),
  z.strictObject({ type: z.literal('failed'), ...problem }),
]);

export type Report = z.infer<typeof reportSchema>;
export type CameraState = z.infer<typeof cameraStateSchema>;
export type FacesInSight = z.infer<typeof facesInSight>;

/** A report that answers a request. */
export type AnswerReport = Extract<Report, { readonly request: number }>;

/** Which report answers which request. */
export const answerTo = {
  'analyse-photo': 'photo',
  'analyse-faces': 'faces',
  'analyse-clip': 'clip',
  'look-at-guided': 'guided',
  'cut-clip': 'clip-cut',
  'test-camera': 'camera-test',
  'close-camera': 'camera-closed',
  'take-snapshot': 'snapshot',
  'take-clip': 'clip-taken',
  'open-view': 'view-opened',
  'read-device-answers': 'discovered',
  'ask-device': 'device-asked',
  'open-own-network': 'own-network',
  'try-own-network': 'own-network-tried',
} as const satisfies Record<Request['type'], AnswerReport['type']>;

/** The answers whose outcome may have pictures, and the largest attachment of each, bytes. */
const pictureAnswers = {
  photo: largestSnapshotBytes,
  snapshot: largestSnapshotBytes + sealBytes,
  'clip-cut': largestSnapshotBytes,
  'clip-taken': largestClipBytes,
} as const satisfies Partial<Record<AnswerReport['type'], number>>;
type PictureReport = Extract<Report, { readonly type: keyof typeof pictureAnswers }>;

const isPictureReport = (report: Report): report is PictureReport =>
  Object.hasOwn(pictureAnswers, report.type);

/** The largest attachment that an answer of this type may have, bytes. */
export const largestPictureOf = (type: AnswerReport['type']): number =>
  Object.hasOwn(pictureAnswers, type) ? pictureAnswers[type as keyof typeof pictureAnswers] : 0;

function hasPicture(report: Report): boolean {
  if (report.type === 'sighting') return report.sighting.bestShot !== undefined;
  return isPictureReport(report) && report.result.outcome === 'ok';
}

/** Throws `wire-violation` for an invalid report, and where report and attachment do not fit together. */
export function readReport(message: unknown, attachment: Uint8Array): Report {
  const report = reportSchema.safeParse(message);
  if (!report.success) {
    const { path = [], message: what = '' } = report.error.issues[0] ?? {};
    const where = shownText(path.join('.'), { longest: 100 });
    throw operational(
      'wire-violation',
      `a report does not fit the protocol: ${where}: ${shownText(what, { longest: 200 })}`,
    );
  }
  if (attachment.length > 0 !== hasPicture(report.data)) {
    throw operational('wire-violation', 'a report lacks its picture, or has an unexpected one');
  }
  return report.data;
}

/** The outcome in an answer, with the picture where it has one; undefined for closing a camera. */
export function outcomeOf(report: AnswerReport, picture: Uint8Array): Answer {
  if (report.type === 'camera-closed') return undefined;
  if (isPictureReport(report) && report.result.outcome === 'ok') return { ...report.result, picture };
  return report.result as Answer;
}
