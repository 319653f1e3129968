import { z } from 'zod';
import { facePlaces } from '../../kernel/faces/photographed-faces.js';
import { largestClipFrameBytes, mostClipFrames } from '../../kernel/passages/clip.js';
import { shownText } from '../../kernel/printable-text.js';
import { videoDecoders } from '../../kernel/video-decoder.js';
import {
  count,
  degrees,
  embeddingText,
  finite,
  identifier,
  luma,
  maximumEmbeddingValues,
  photoQuality,
  pixelCount,
  problem,
  quality,
  shortText,
  unit,
} from './vision-fields.js';
import { mostPreparations } from './vision-orders.js';
import { liveness, probe } from './vision-sighting.js';

const refusedOutcome = z.strictObject({ outcome: z.literal('refused'), ...problem });
const failedOutcome = z.strictObject({ outcome: z.literal('failed'), ...problem });

/** Largest JPEG of a whole picture, bytes. */
export const largestSnapshotBytes = 1024 * 1024;

export const mostFaces = 200;

/** The box is in whole pixels of the original photograph. */
const numberedFace = z.strictObject({
  number: z.number().int().positive(),
  place: z.enum(facePlaces),
  box: z.strictObject({ x: pixelCount, y: pixelCount, width: pixelCount, height: pixelCount }),
});

/** The attachment is the JPEG that enrolment keeps of an accepted photograph. */
export const photoOutcome = z.discriminatedUnion('outcome', [
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
    ...problem,
    /** The faces to pick from, from left to right. */
    faces: z.array(numberedFace).max(mostFaces).optional(),
  }),
]);

/** Most faces of one picture that are analysed and described. The largest are taken. */
export const mostAnalysedFaces = 16;

/** `faceCount`: faces in the picture. `embeddingBase64` is present where it was asked for. */
export const facesOutcome = z.discriminatedUnion('outcome', [
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
  refusedOutcome,
]);

/** `main` is absent where no face is clearly the main one; its embedding, where the gates refuse it. */
export const guidedOutcome = z.discriminatedUnion('outcome', [
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
export const cutOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    sizes: z.array(z.number().int().positive()).min(1).max(mostClipPictures),
  }),
  refusedOutcome,
]);

export const streamInfo = z.strictObject({
  codec: shortText,
  widthPx: count,
  heightPx: count,
  fps: finite.nullable(),
  decoder: z.enum(videoDecoders),
  fallback: z.strictObject(problem).exactOptional(),
});

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

export const cameraTestOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    stream: streamInfo,
    firstFrameMs: finite,
    measuredFps: finite,
    decodingCores: finite.nullable(),
    connection: connectionSecurity.exactOptional(),
    framesAnalysed: count,
    /** Problems of the camera, the network or this box. */
    problems: z.array(z.strictObject(problem)).max(10),
    /** The faces in the frame with the most faces. */
    faces: z
      .array(z.strictObject({ widthPx: finite, score: unit, quality: quality.nullable() }))
      .max(mostFaces),
  }),
  z.strictObject({
    outcome: z.literal('failed'),
    ...problem,
    connection: connectionSecurity.exactOptional(),
  }),
]);

/** Most probes of a clip: those of the best views. */
export const mostClipProbes = 24;

/** `faceCount`: the tracked faces; `liveness` and `probes` belong to the one that was seen for longest. */
export const clipOutcome = z.discriminatedUnion('outcome', [
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
  refusedOutcome,
]);

/** The attachment is a JPEG in a sealed box: the core cannot read it. */
export const snapshotOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    widthPx: count,
    heightPx: count,
    /** Wall clock, milliseconds since the epoch. */
    takenAtMs: finite,
  }),
  failedOutcome,
]);

/** The attachment has the JPEGs of the frames, of these sizes, one after the other. */
export const clipTakenOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    frames: z
      .array(
        z.strictObject({
          /** Monotonic milliseconds, ascending. */
          capturedAtMs: finite,
          bytes: z.number().int().positive().max(largestClipFrameBytes),
        }),
      )
      .min(1)
      .max(mostClipFrames),
  }),
  failedOutcome,
]);

export const viewOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('ok') }),
  failedOutcome,
]);

const graphName = z.string().min(1).max(200);

/** The interface of a network of the owner, as its file declares it. */
export const ownNetworkOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    input: z.strictObject({ name: graphName, layout: z.enum(['NCHW', 'NHWC']) }),
    output: z.strictObject({
      name: graphName,
      dimensions: z.number().int().min(64).max(maximumEmbeddingValues),
    }),
  }),
  refusedOutcome,
]);

/** `refusal`: why enrolment would refuse the photograph. An embedding is null if the network gave no usable numbers. */
export const ownTrialOutcome = z.strictObject({
  refusal: shortText.nullable(),
  embeddings: z.array(embeddingText.nullable()).max(mostPreparations),
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
export const discoveryOutcome = z.strictObject({
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

/** Bounds of what a device may say about its streams. `mostBytes`: of all profiles as JSON, which leaves room in a report. */
export const profileLimits = { mostProfiles: 64, mostBytes: 48 * 1024, longestText: 100, longestUrl: 500 };

/** One encoding that a device offers, as it describes it. */
const deviceProfile = z.strictObject({
  name: deviceText.exactOptional(),
  codec: deviceText.exactOptional(),
  widthPx: pixelCount.exactOptional(),
  heightPx: pixelCount.exactOptional(),
  fps: count.exactOptional(),
  /** Absent where the device names no address of RTSP. Without user and password. */
  url: z
    .string()
    .max(profileLimits.longestUrl)
    .regex(/^rtsps?:\/\/[!-?A-~]+$/i)
    .exactOptional(),
});
export type DeviceProfile = z.infer<typeof deviceProfile>;

/** The profiles of a device, or why it told none. */
export const deviceProfilesOutcome = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('ok'),
    profiles: z.array(deviceProfile).max(profileLimits.mostProfiles),
    /** More profiles than these, or no time left to ask for the addresses of all. */
    isCutShort: z.boolean(),
  }),
  z.strictObject({
    outcome: z.literal('failed'),
    ...problem,
    connection: connectionSecurity.exactOptional(),
  }),
]);

/** An outcome together with its picture. */
type WithPicture<T> = T extends { readonly outcome: 'ok' } ? T & { readonly picture: Uint8Array } : T;
export type PhotoOutcome = WithPicture<z.infer<typeof photoOutcome>>;
export type FacesOutcome = z.infer<typeof facesOutcome>;
export type ClipOutcome = z.infer<typeof clipOutcome>;
export type GuidedOutcome = z.infer<typeof guidedOutcome>;
export type CutOutcome = WithPicture<z.infer<typeof cutOutcome>>;
export type CameraTestOutcome = z.infer<typeof cameraTestOutcome>;
export type DiscoveryOutcome = z.infer<typeof discoveryOutcome>;
export type DeviceProfilesOutcome = z.infer<typeof deviceProfilesOutcome>;
export type SnapshotOutcome = WithPicture<z.infer<typeof snapshotOutcome>>;
export type ClipTakenOutcome = WithPicture<z.infer<typeof clipTakenOutcome>>;
export type OwnNetworkOutcome = z.infer<typeof ownNetworkOutcome>;
export type OwnTrialOutcome = z.infer<typeof ownTrialOutcome>;
export type ViewOutcome = z.infer<typeof viewOutcome>;

/** The outcome of any request; undefined for closing a camera. */
export type Answer =
  | PhotoOutcome
  | FacesOutcome
  | ClipOutcome
  | GuidedOutcome
  | CutOutcome
  | CameraTestOutcome
  | SnapshotOutcome
  | ClipTakenOutcome
  | ViewOutcome
  | DiscoveryOutcome
  | DeviceProfilesOutcome
  | OwnNetworkOutcome
  | OwnTrialOutcome
  | undefined;

/** The answer for a camera that this process does not analyse, or that sends no frames. */
export const cameraNotStreaming: Extract<ViewOutcome, { outcome: 'failed' }> = {
  outcome: 'failed',
  code: 'camera-not-streaming',
  message: 'no picture of the camera is available',
  remedy: "See 'rollcall camera list'.",
};

type WithoutPicture<T> = T extends { readonly picture: Uint8Array } ? Omit<T, 'picture'> : T;

/** Splits an outcome into the JSON part of a report and the picture, which becomes the attachment. */
export function withoutPicture<T extends PhotoOutcome | SnapshotOutcome | CutOutcome | ClipTakenOutcome>(
  outcome: T,
): { readonly result: WithoutPicture<T>; readonly picture: Uint8Array | undefined } {
  const { picture, ...result } = outcome.outcome === 'ok' ? outcome : { ...outcome, picture: undefined };
  return { result: result as WithoutPicture<T>, picture };
}
