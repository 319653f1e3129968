import { z } from 'zod';
import { logLevels } from '../../kernel/logger.js';
import { pictureChecks } from '../../kernel/picture-damage.js';
import { hwaccelChoices } from '../../kernel/video-decoder.js';
import { zoneUses } from '../../kernel/zones/zone.js';
import { maximumClipFiles } from '../liveness.js';
import {
  detectorNames,
  landmarkNames,
  passivePadNames,
  providerNames,
  recogniserName,
} from '../settings/vision-schema.js';
import type { MessageLimits } from './vision-channel.js';
import { count, finite, identifier } from './vision-fields.js';

/** Largest photograph file, MiB. Photographs of phones are much smaller. */
export const largestPhotographMiB = 32;

/**
 * Orders come from the core, which a vision process trusts: a plan with all cameras and their masks and zones, each with the authorities
 * that it is trusted by (220 kB where that is the list of a system), or a photograph.
 */
export const orderLimits: MessageLimits = {
  bodyBytes: 32 * 1024 * 1024,
  attachmentBytes: () => largestPhotographMiB * 1024 * 1024,
};

/** Most ways in which the input of an own network is prepared for a trial. */
export const mostPreparations = 10;

const polygon = z.array(z.strictObject({ x: finite, y: finite }));

/** How to open and analyse one camera. The credential crosses only this pipe. */
const cameraPlanSchema = z.strictObject({
  id: identifier,
  url: z.string(),
  /** Of the same server as `url`, so that its login fits. Null: the camera is analysed by its one stream. */
  substreamUrl: z.string().nullable(),
  credential: z.strictObject({ user: z.string(), password: z.string() }).nullable(),
  allowsBasicLogin: z.boolean(),
  /** PEM. */
  authorities: z.string().nullable(),
  fingerprint: z.string().nullable(),
  /** Bounds where the camera may be; null: anywhere. */
  extraNetworks: z.array(z.string()).nullable(),
  transport: z.enum(['tcp', 'udp']),
  hwaccel: z.enum(hwaccelChoices),
  maxAnalysisWidthPx: count,
  stallAfterS: finite,
  firstFrameWithinS: finite,
  smallestFacePx: finite,
  idleFps: finite,
  trackingFps: finite,
  provingFps: finite,
  pictureChecks: z.array(z.enum(pictureChecks)),
  zones: z.array(z.strictObject({ use: z.enum(zoneUses), points: polygon })),
  masks: z.array(polygon),
  /** For how long the frames for clips are kept, seconds. 0: none are kept. */
  clipS: count,
});

/** How to ask a device of ONVIF. The fields are those of a camera. */
const devicePlanSchema = z.strictObject({
  /** In a form that `deviceAddressOf` reads. */
  address: z.string(),
  ...cameraPlanSchema.pick({ credential: true, fingerprint: true, extraNetworks: true }).shape,
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
  /** Most threads with networks of their own. 0: the main thread runs the networks. */
  workers: z.number().int().nonnegative(),
  /** Threads that one run of a network may use. */
  threads: z.number().int().positive(),
  /** Decoders that may catch up at a time; each takes a core. */
  catchUps: z.number().int().positive(),
  liveness: z.strictObject({ attackAfterS: finite, minimumBlinks: z.number().int().positive() }),
  /** Whether sightings carry pictures. False: no pictures are made. */
  takesBestShots: z.boolean(),
});

/** Where a process asks the core for connections to its cameras, and what proves which process it is. */
const lineAccessSchema = z.strictObject({ socketPath: z.string().max(107), token: z.string() });

/** Messages from the core to a vision process. */
export const orderSchema = z.discriminatedUnion('type', [
  /** Without `lines`, the process connects to its cameras by itself. */
  z.strictObject({
    type: z.literal('start'),
    plan: visionPlanSchema,
    lines: lineAccessSchema.optional(),
  }),
  z.strictObject({ type: z.literal('log-level'), level: z.enum(logLevels) }),
  /** Shows that the core works. The main process of a unit ends the unit without it (`daemon/vision/vision-instance-main.ts`). */
  z.strictObject({ type: z.literal('ping') }),
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
  /** Asks for the frames of a camera that were captured in this time, which is over. Monotonic milliseconds. */
  z.strictObject({
    type: z.literal('take-clip'),
    request: count,
    cameraId: identifier,
    fromMs: finite,
    untilMs: finite,
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
  /** The attachment contains answers of devices to the question `messageId`, as the core received them. */
  z.strictObject({
    type: z.literal('read-device-answers'),
    request: count,
    messageId: z.string(),
    answers: z.array(z.strictObject({ address: z.string(), bytes: count })),
    isCutShort: z.boolean(),
  }),
  /** Asks a device at this address, and nowhere else, for its profiles. */
  z.strictObject({
    type: z.literal('ask-device'),
    request: count,
    device: devicePlanSchema,
  }),
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
          .max(mostPreparations - 1),
      )
      .min(1),
  }),
  z.strictObject({ type: z.literal('stop') }),
]);

export type CameraPlan = z.infer<typeof cameraPlanSchema>;
export type DevicePlan = z.infer<typeof devicePlanSchema>;
export type LineAccess = z.infer<typeof lineAccessSchema>;
export type VisionPlan = z.infer<typeof visionPlanSchema>;
export type Order = z.infer<typeof orderSchema>;

/** What a caller may watch of a camera. */
export type LiveKind = Extract<Order, { readonly type: 'open-view' }>['kind'];

/** An order that is answered by a report. */
export type Request = Extract<Order, { readonly request: number }>;
