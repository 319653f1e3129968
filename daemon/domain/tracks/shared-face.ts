import { type Box, intersectionOverUnion } from '../faces/geometry.js';
import { centreDistanceFaces } from './association.js';

/** One track's belief about where its face is now. */
export interface Claim {
  /** Where constant velocity put the face. */
  readonly predicted: Box;
  /** Where the mesh was fitted. */
  readonly found: Box;
  /** When the track began: the elder wins a tie. */
  readonly firstSeenMs: number;
}

/** Two meshes that overlap more than this sit on one face: two heads cannot, however close they stand. */
const sameFaceOverlap = 0.5;

/**
 * When one person passes behind another, the mesh of the hidden face jumps onto the visible one. Says which claims
 * hold: of those that sit on one face, the one whose prediction was nearest; the others have lost their face.
 */
export function settleClaims(claims: readonly Claim[]): readonly boolean[] {
  const order = claims
    .map((claim, index) => ({ claim, index, distance: centreDistanceFaces(claim.predicted, claim.found) }))
    .sort((a, b) => a.distance - b.distance || a.claim.firstSeenMs - b.claim.firstSeenMs);
  const holds = claims.map(() => false);
  const kept: Box[] = [];
  for (const { claim, index } of order) {
    if (kept.some((box) => intersectionOverUnion(box, claim.found) > sameFaceOverlap)) continue;
    kept.push(claim.found);
    holds[index] = true;
  }
  return holds;
}
