import { type Box, intersectionOverUnion } from '../faces/geometry.js';
import { centreDistanceFaces } from './association.js';

/** The place that one track claims for its face. */
interface Claim {
  /** The box predicted with constant velocity. */
  readonly predicted: Box;
  /** The box of the fitted mesh. */
  readonly found: Box;
  /** Beginning of the track: the older track wins a tie. */
  readonly firstSeenMs: number;
}

/** Two meshes that overlap more are on the same face: two heads cannot overlap so much. */
const sameFaceOverlap = 0.5;

/**
 * When one person passes behind another, the mesh of the hidden face jumps to the visible face. Returns which claims are
 * valid: of the claims on one face, only the one with the nearest prediction. The other tracks have lost their face.
 */
export function settleClaims(claims: readonly Claim[]): readonly boolean[] {
  const order = claims
    .map((claim, index) => ({ claim, index, distance: centreDistanceFaces(claim.predicted, claim.found) }))
    .sort((a, b) => a.distance - b.distance || a.claim.firstSeenMs - b.claim.firstSeenMs);
  const isValid = claims.map(() => false);
  const kept: Box[] = [];
  for (const { claim, index } of order) {
    if (kept.some((box) => intersectionOverUnion(box, claim.found) > sameFaceOverlap)) continue;
    kept.push(claim.found);
    isValid[index] = true;
  }
  return isValid;
}
