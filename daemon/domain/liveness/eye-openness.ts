/** Points that the eye network gives for one eye, numbers per point, and how many of the points are the lid's. */
export const EYE_POINTS = 76;
export const EYE_STRIDE = 3;
const LID_POINTS = 16;
/** The first nine run along the lower lid from the outer to the inner corner; seven follow on the upper lid. */
const INNER_CORNER = 8;

/**
 * Height over width of the opening between the lids: the extent of the 16 lid points across the line between
 * the eye's corners, over the corners' distance. `points` holds one eye, in any unit.
 */
export function eyeOpenness(points: Float32Array): number {
  const at = (index: number): number => points[index] ?? Number.NaN;
  const alongX = at(INNER_CORNER * EYE_STRIDE) - at(0);
  const alongY = at(INNER_CORNER * EYE_STRIDE + 1) - at(1);
  const width = Math.hypot(alongX, alongY);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let point = 0; point < LID_POINTS; point++) {
    const x = at(point * EYE_STRIDE) - at(0);
    const y = at(point * EYE_STRIDE + 1) - at(1);
    const across = (alongX * y - alongY * x) / width;
    if (across < least) least = across;
    if (across > most) most = across;
  }
  return (most - least) / width;
}
