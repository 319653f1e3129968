import type { StrangerDetails, StrangerSummary } from '../../contract/strangers.js';
import type { CameraId, PassageId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { SimilarStranger } from '../gallery/strangers/gallery-strangers.js';
import type { StrangerAside, StrangerEntry } from '../gallery/strangers/strangers-aside.js';

type HasPicture = (id: PassageId) => boolean;

/** Passages in which a picture is looked for: each costs the opening of a passage. */
const mostLookedAt = 3;

/** A stranger as lists show one. */
export function shownStranger(
  entry: StrangerEntry,
  hasPicture: HasPicture,
  aside?: Omit<StrangerAside, 'entry'>,
): StrangerSummary {
  const { id, state, visits, firstSeenMs, lastSeenMs, appearances } = entry;
  const lastSeen = new Map<CameraId, number>();
  for (const { cameraId, lastSeenMs: atMs } of appearances) {
    lastSeen.set(cameraId, Math.max(atMs, lastSeen.get(cameraId) ?? 0));
  }
  const cameras = [...lastSeen]
    .sort(([, a], [, b]) => b - a)
    .map(([camera, atMs]) => ({ camera, lastSeenAt: isoTime(atMs) }));
  const latest = appearances.slice(-mostLookedAt).map(({ passageId }) => passageId);
  return {
    ...{ id, visits, passages: appearances.length, cameras },
    state: aside === undefined ? state : 'set-aside',
    ...present({
      forgottenAt: aside && isoTime(aside.forgottenAtMs),
      person: aside?.fate?.change === 'assigned' ? aside.fate.personId : undefined,
    }),
    ...{ firstSeenAt: isoTime(firstSeenMs), lastSeenAt: isoTime(lastSeenMs) },
    ...present({ pictured: latest.findLast(hasPicture) }),
  };
}

/** A stranger with the passages. */
export function strangerDetails(
  entry: StrangerEntry,
  similar: readonly SimilarStranger[],
  hasPicture: HasPicture,
  aside?: StrangerAside,
): StrangerDetails {
  const compared = new Set(entry.comparedPassages);
  return {
    ...shownStranger(entry, hasPicture, aside),
    history: entry.appearances.map(({ passageId, cameraId, firstSeenMs, lastSeenMs, recordedAtMs }) => ({
      ...{ passage: passageId, camera: cameraId },
      ...{ firstSeenAt: isoTime(firstSeenMs), lastSeenAt: isoTime(lastSeenMs) },
      ...{ hasEvent: recordedAtMs !== undefined, hasPicture: hasPicture(passageId) },
      isCompared: compared.has(passageId),
    })),
    similar: similar.map(({ strangerId, similarity }) => ({ stranger: strangerId, similarity })),
  };
}
