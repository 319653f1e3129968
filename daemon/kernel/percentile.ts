/**
 * The percentile of `values` for a share `part` (0..1), with linear interpolation (Hyndman and Fan 1996, definition 7);
 * undefined without values.
 */
export function percentile(values: readonly number[], part: number): number | undefined {
  // A typed array sorts without callbacks. Speed matters: each frame is compared with seconds of earlier ones.
  const sorted = new Float64Array(values).sort();
  const position = Math.min(Math.max(part, 0), 1) * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (position - Math.floor(position));
}
