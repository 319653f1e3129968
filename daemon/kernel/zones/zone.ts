import { cellColumns, cellCount, cellRows } from '../tracks/scene-motion.kernel.js';
import { isInside, type Place, type Polygon } from './polygon.js';

export const zoneUses = ['detect', 'ignore'] as const;
export type ZoneUse = (typeof zoneUses)[number];

/** Most zones, and most masks, of one camera. */
export const mostAreas = 16;

/** A part of the picture of a camera: where the box looks for faces, or where it ignores them. */
export interface Zone {
  readonly use: ZoneUse;
  readonly points: Polygon;
}

/** Whether something at this place counts: in a detection zone, if there are any, and in no ignored zone. */
export function isWatched(zones: readonly Zone[], place: Place): boolean {
  if (zones.some(({ use, points }) => use === 'ignore' && isInside(points, place))) return false;
  const looked = zones.filter(({ use }) => use === 'detect');
  return looked.length === 0 || looked.some(({ points }) => isInside(points, place));
}

/** The cells of `SceneMotion` in which nothing counts: their centres are not watched. They are not 0. */
export function ignoredCells(zones: readonly Zone[]): Uint8Array {
  return Uint8Array.from({ length: cellCount }, (_, at) => {
    const x = ((at % cellColumns) + 0.5) / cellColumns;
    const y = (Math.floor(at / cellColumns) + 0.5) / cellRows;
    return isWatched(zones, { x, y }) ? 0 : 1;
  });
}
