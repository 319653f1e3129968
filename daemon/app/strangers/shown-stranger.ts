import type { StrangerDetails, StrangerSummary } from '../../contract/strangers.js';
import type { CameraId, PassageId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import type { SimilarStranger, StrangerEntry } from '../../gallery/strangers/gallery-strangers.js';

/** A stranger as lists show one. */
export function shownStranger(entry: StrangerEntry): StrangerSummary {
  const { id, state, visits, firstSeenMs, lastSeenMs, appearances } = entry;
  const lastSeen = new Map<CameraId, number>();
  for (const { cameraId, lastSeenMs: atMs } of appearances) {
    lastSeen.set(cameraId, Math.max(atMs, lastSeen.get(cameraId) ?? 0));
  }
  const cameras = [...lastSeen]
    .sort(([, a], [, b]) => b - a)
    .map(([camera, atMs]) => ({ camera, lastSeenAt: isoTime(atMs) }));
  return {
    ...{ id, state, visits, passages: appearances.length, cameras },
    ...{ firstSeenAt: isoTime(firstSeenMs), lastSeenAt: isoTime(lastSeenMs) },
  };
}

/** A stranger with the passages. */
export function strangerDetails(
  entry: StrangerEntry,
  similar: readonly SimilarStranger[],
  hasPicture: (id: PassageId) => boolean,
): StrangerDetails {
  const compared = new Set(entry.comparedPassages);
  return {
    ...shownStranger(entry),
    history: entry.appearances.map(({ passageId, cameraId, firstSeenMs, lastSeenMs, recordedAtMs }) => ({
      ...{ passage: passageId, camera: cameraId },
      ...{ firstSeenAt: isoTime(firstSeenMs), lastSeenAt: isoTime(lastSeenMs) },
      ...{ hasEvent: recordedAtMs !== undefined, hasPicture: hasPicture(passageId) },
      isCompared: compared.has(passageId),
    })),
    similar: similar.map(({ strangerId, similarity }) => ({ stranger: strangerId, similarity })),
  };
}
