import type { Clock } from '../../base/clock.js';
import type { FacesInSight, FollowedFace } from '../../contract/live.js';
import type { FacesInSight as FacesReport } from '../../vision/protocol.js';

/** What a vision process reports of the faces in sight, as callers see it. */
export function describeSight({ capturedAtMs, faces }: FacesReport, clock: Clock): FacesInSight {
  const atMs = clock.wallMs() - (clock.monotonicMs() - capturedAtMs);
  return { capturedAt: new Date(atMs).toISOString(), faces: faces.map(describeFace) };
}

function describeFace({ trackId, view, ...face }: FacesReport['faces'][number]): FollowedFace {
  if (view === null) return { ...face, track: trackId, quality: null, measures: null };
  const { quality, ...measures } = view;
  return { ...face, track: trackId, quality, measures };
}
