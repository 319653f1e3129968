import { z } from 'zod';
import { operational } from '../../kernel/errors.js';
import { largestBestShotBytes } from '../../kernel/faces/best-shot.js';
import { type FaceQuality, qualityReasons } from '../../kernel/faces/quality.js';
import type { ViewTally } from '../../kernel/faces/view-tally.js';
import type { Embedding, Probe } from '../../kernel/identification/match.js';
import { cameraId, recogniserId, trackId } from '../../kernel/ids.js';
import { headGestureKinds } from '../../kernel/liveness/head-gesture.js';
import { type LivenessEvidence, livenessReasons, livenessVerdicts } from '../../kernel/liveness/liveness.js';
import {
  bytesPerSample,
  mostOpennessSamples,
  type OpennessCurve,
} from '../../kernel/liveness/openness-curve.js';
import { present } from '../../kernel/present.js';
import { type Sighting, sightingEnds } from '../../kernel/tracks/sighting.js';
import {
  base64Length,
  box,
  count,
  degrees,
  embeddingText,
  finite,
  identifier,
  pixels,
  quality,
  unit,
} from './vision-fields.js';

/** Longest blink, milliseconds. */
const longestBlinkMs = 10_000;

const blinks = z
  .array(z.strictObject({ atMs: finite, durationMs: z.number().min(0).max(longestBlinkMs) }))
  .max(100);

/** Most gestures in the evidence; a vision process keeps fewer. */
const mostGestures = 32;

export const liveness = z.strictObject({
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

export const probe = z.strictObject({ capturedAtMs: finite, embeddingBase64: embeddingText, quality: unit });

/** Any bytes of such a number are samples. */
function isWholeSamples(base64: string): boolean {
  const bytes = Buffer.byteLength(base64, 'base64');
  return bytes > 0 && bytes % bytesPerSample === 0;
}

export const sightingSchema = z
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

export type WireSighting = z.infer<typeof sightingSchema>;

/** Little-endian IEEE 754 single precision values in base64. */
export function encodeEmbedding(embedding: Embedding): string {
  return Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString('base64');
}

/** The inverse of `encodeEmbedding`. Throws `wire-violation` unless it is a vector of unit length. */
export function decodeEmbedding(text: string): Embedding {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0) {
    throw operational('wire-violation', 'an embedding has an invalid length');
  }
  const values = new Float32Array(bytes.length / 4);
  let squares = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = bytes.readFloatLE(index * 4);
    values[index] = value;
    squares += value * value;
  }
  // Also refuses NaN, which would break every comparison in the search.
  if (!(Math.abs(squares - 1) < 1e-3))
    throw operational('wire-violation', 'an embedding does not have unit length');
  return values;
}

/** The JSON of a sighting; the JPEG of its best shot becomes the attachment. */
export function encodeSighting(sighting: Sighting): WireSighting {
  const { probes, quality, views, liveness, bestShot, openness, ...rest } = sighting;
  return {
    ...rest,
    ...present({
      bestShot: bestShot && { capturedAtMs: bestShot.capturedAtMs },
      openness: openness && encodeCurve(openness),
    }),
    quality: encodeQuality(quality),
    views: encodeViews(views),
    liveness: { ...liveness, evidence: encodeEvidence(liveness.evidence) },
    probes: probes.map(encodeProbe),
  };
}

function encodeQuality({ score, reasons }: FaceQuality): WireSighting['quality'] {
  return { score, reasons: [...reasons] };
}

function encodeViews({ best, ...counts }: ViewTally): WireSighting['views'] {
  return { ...counts, ...present({ best: best && { ...best, quality: encodeQuality(best.quality) } }) };
}

export function encodeProbe({ capturedAtMs, embedding, quality }: Probe): WireSighting['probes'][number] {
  return { capturedAtMs, embeddingBase64: encodeEmbedding(embedding), quality };
}

export function encodeEvidence(evidence: LivenessEvidence): WireSighting['liveness']['evidence'] {
  const { blinks, unboundBlinks, gestures } = evidence;
  return {
    ...evidence,
    blinks: [...blinks],
    unboundBlinks: [...unboundBlinks],
    gestures: [...gestures],
  };
}

function encodeCurve({ fromMs, packed }: OpennessCurve): NonNullable<WireSighting['openness']> {
  return { fromMs, packedBase64: Buffer.from(packed).toString('base64') };
}

export function decodeCurve({ fromMs, packedBase64 }: NonNullable<WireSighting['openness']>): OpennessCurve {
  return { fromMs, packed: Uint8Array.from(Buffer.from(packedBase64, 'base64')) };
}

/** The inverse of `encodeSighting`. Throws `wire-violation` for an invalid embedding or picture. */
export function decodeSighting(wire: WireSighting, attachment: Uint8Array): Sighting {
  const { bestShot, openness, ...rest } = wire;
  const { passiveScore, sameFaceMs, ...evidence } = wire.liveness.evidence;
  return {
    ...rest,
    ...present({
      bestShot: bestShot && { ...bestShot, jpeg: requireSmallJpeg(attachment) },
      openness: openness && decodeCurve(openness),
    }),
    cameraId: cameraId(wire.cameraId),
    trackId: trackId(wire.trackId),
    recogniser: recogniserId(wire.recogniser),
    liveness: {
      ...wire.liveness,
      evidence: {
        ...evidence,
        ...present({ sameFaceMs, passiveScore }),
      },
    },
    probes: wire.probes.map((probe) => ({
      capturedAtMs: probe.capturedAtMs,
      embedding: decodeEmbedding(probe.embeddingBase64),
      quality: probe.quality,
    })),
  };
}

/** The first bytes of every JPEG file: start of image, then a marker (ISO/IEC 10918-1, B.1.1). */
const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);

/** Checks only the first bytes: the core does not parse pictures. */
export function isJpeg(bytes: Uint8Array): boolean {
  return jpegStart.equals(bytes.subarray(0, jpegStart.length));
}

/** A copy of the attachment, which may be part of a larger buffer. */
function requireSmallJpeg(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= largestBestShotBytes && isJpeg(bytes)) return Uint8Array.from(bytes);
  throw operational('wire-violation', 'the picture of a sighting is not a small JPEG');
}
