import { wipe } from '../../../host/sodium.js';
import {
  cameraId,
  type PersonId,
  passageId,
  type RecogniserId,
  type StrangerId,
} from '../../../kernel/ids.js';
import { present } from '../../../kernel/present.js';
import type { Appearance, Stranger, StrangerState } from '../../../kernel/strangers/stranger.js';
import { isUnitEmbedding } from '../persons/enrolment.js';

/** Why a stranger is set aside. Sealed, because it names a person and decides what a restoration changes. */
export type StrangerFate =
  | { readonly change: 'discarded' }
  | {
      readonly change: 'assigned';
      readonly personId: PersonId;
      /** The photographs that the person has of the stranger. Absent: the person was enrolled from them. */
      readonly photographs?: readonly string[];
    };

/** What the readable columns of a row say. */
export interface StrangerColumns {
  readonly id: StrangerId;
  readonly state: StrangerState;
  readonly recogniser: RecogniserId;
}

/** The part of the content that is text. Short names, because it is written for every passage. */
interface Header {
  /** Earlier visits. */
  readonly v: number;
  /** Passage and quality of each view, in the order of the embeddings. */
  readonly e: readonly (readonly [passage: string, quality: number])[];
  readonly a: readonly (readonly [
    passage: string,
    camera: string,
    firstSeenMs: number,
    lastSeenMs: number,
    recordedAtMs: number | null,
  ])[];
  /** Only while the stranger is set aside. */
  readonly f?: StrangerFate;
}

const lengthBytes = 4;
const valueBytes = Float32Array.BYTES_PER_ELEMENT;

/**
 * The content of a stranger's row: length of a JSON header (uint32, little-endian), the header, and the embeddings as float32. The
 * embeddings stay out of the text, because a string cannot be overwritten. The caller wipes the bytes.
 */
export function encodeStranger(
  { views, appearances, earlierVisits }: Stranger,
  fate?: StrangerFate,
): Uint8Array {
  const header: Header = {
    v: earlierVisits,
    e: views.map((view) => [view.passageId, Math.round(view.quality * 1000) / 1000]),
    a: appearances.map((each) => [
      each.passageId,
      each.cameraId,
      each.firstSeenMs,
      each.lastSeenMs,
      each.recordedAtMs ?? null,
    ]),
    ...present({ f: fate }),
  };
  const text = Buffer.from(JSON.stringify(header));
  const dimensions = views[0]?.embedding.length ?? 0;
  const bytes = Buffer.alloc(lengthBytes + text.length + views.length * dimensions * valueBytes);
  bytes.writeUInt32LE(text.length);
  text.copy(bytes, lengthBytes);
  let offset = lengthBytes + text.length;
  for (const { embedding } of views) {
    bytes.set(new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength), offset);
    offset += embedding.byteLength;
  }
  return bytes;
}

export interface DecodedStranger {
  readonly stranger: Stranger;
  /** Undefined for a stranger who is not set aside. */
  readonly fate: StrangerFate | undefined;
}

/** Undefined if the bytes are no stranger of `dimensions` values. Wipes `bytes`. */
export function decodeStranger(
  columns: StrangerColumns,
  bytes: Uint8Array,
  dimensions: number,
): DecodedStranger | undefined {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const bodyAt = lengthBytes + buffer.readUInt32LE();
    const header = JSON.parse(buffer.toString('utf8', lengthBytes, bodyAt)) as Header;
    if (bytes.length !== bodyAt + header.e.length * dimensions * valueBytes) return undefined;
    // A copy of its own: the values must be aligned, and the bytes may be a part of a larger buffer.
    const body = new Uint8Array(bytes.subarray(bodyAt));
    const embeddings = header.e.map((_, index) =>
      new Float32Array(body.buffer, index * dimensions * valueBytes, dimensions).slice(),
    );
    wipe(body);
    if (!embeddings.every((embedding) => isUnitEmbedding(embedding, dimensions))) return undefined;
    const stranger = {
      ...columns,
      views: header.e.map(([passage, quality], index) => ({
        passageId: passageId(passage),
        quality,
        embedding: embeddings[index] ?? new Float32Array(0),
      })),
      appearances: header.a.map(appearanceOf),
      earlierVisits: header.v,
    };
    return { stranger, fate: header.f };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)
      return undefined;
    throw error;
  } finally {
    wipe(bytes);
  }
}

function appearanceOf([
  passage,
  camera,
  firstSeenMs,
  lastSeenMs,
  recordedAtMs,
]: Header['a'][number]): Appearance {
  return {
    passageId: passageId(passage),
    cameraId: cameraId(camera),
    firstSeenMs,
    lastSeenMs,
    ...(recordedAtMs === null ? {} : { recordedAtMs }),
  };
}
