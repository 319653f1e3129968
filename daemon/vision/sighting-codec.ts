import { operational } from '../base/errors.js';
import { cameraId, recogniserId, trackId } from '../domain/ids.js';
import type { Embedding } from '../domain/match.js';
import type { Sighting } from '../domain/sighting.js';
import type { WireSighting } from './protocol.js';

/** Little-endian IEEE 754 single precision values in base64. */
export function encodeEmbedding(embedding: Embedding): string {
  return Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString('base64');
}

/** The inverse of `encodeEmbedding`. Throws `wire-violation` unless it is a vector of unit length. */
export function decodeEmbedding(text: string): Embedding {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0) {
    throw operational('wire-violation', 'an embedding has a broken length');
  }
  const values = new Float32Array(bytes.length / 4);
  let squares = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = bytes.readFloatLE(index * 4);
    values[index] = value;
    squares += value * value;
  }
  // Also false for NaN: a vision process gone wrong must not poison the search.
  if (!(Math.abs(squares - 1) < 1e-3))
    throw operational('wire-violation', 'an embedding is not of unit length');
  return values;
}

export function encodeSighting(sighting: Sighting): WireSighting {
  const { probes, quality, liveness, ...rest } = sighting;
  return {
    ...rest,
    quality: { score: quality.score, reasons: [...quality.reasons] },
    liveness: { ...liveness, evidence: { ...liveness.evidence, blinks: [...liveness.evidence.blinks] } },
    probes: probes.map((probe) => ({
      capturedAtMs: probe.capturedAtMs,
      embeddingBase64: encodeEmbedding(probe.embedding),
      quality: probe.quality,
    })),
  };
}

export function decodeSighting(wire: WireSighting): Sighting {
  const { passiveScore, ...evidence } = wire.liveness.evidence;
  return {
    ...wire,
    cameraId: cameraId(wire.cameraId),
    trackId: trackId(wire.trackId),
    recogniser: recogniserId(wire.recogniser),
    liveness: {
      ...wire.liveness,
      evidence: passiveScore === undefined ? evidence : { ...evidence, passiveScore },
    },
    probes: wire.probes.map((probe) => ({
      capturedAtMs: probe.capturedAtMs,
      embedding: decodeEmbedding(probe.embeddingBase64),
      quality: probe.quality,
    })),
  };
}
