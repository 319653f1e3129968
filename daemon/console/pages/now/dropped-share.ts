/** The share of the frames due for analysis that the box dropped, 0 to 1: of those it analysed and those it dropped. */
export function droppedShare({
  dropped = 0,
  analysed = 0,
}: Readonly<Record<string, number | undefined>>): number {
  return dropped === 0 ? 0 : dropped / (dropped + analysed);
}
