/**
 * The value below which the given part (0..1) of `values` lies, with linear interpolation between neighbours
 * (Hyndman and Fan 1996, definition 7); undefined where there are none.
 */
export function percentile(values: readonly number[], part: number): number | undefined {
  // A typed array sorts by value without calling back: the eyes of every frame are compared with seconds of others.
  const sorted = new Float64Array(values).sort();
  const position = Math.min(Math.max(part, 0), 1) * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (position - Math.floor(position));
}
