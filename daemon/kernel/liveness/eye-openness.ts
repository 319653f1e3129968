/** Number of points that the eye network returns for one eye, numbers per point, and number of lid points. */
export const EYE_POINTS = 76;
export const EYE_STRIDE = 3;
const LID_POINTS = 16;
/** The first nine points are on the lower lid from the outer to the inner corner; seven follow on the upper lid. */
const INNER_CORNER = 8;

/**
 * Height over width of the opening between the lids: the extent of the 16 lid points perpendicular to the line between the eye
 * corners, divided by the distance of the corners. `points` contains one eye, in any unit.
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
