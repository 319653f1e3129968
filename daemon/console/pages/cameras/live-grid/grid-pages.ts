/** From these widths of the window on, pixels: two and three cameras beside each other. */
const twoFromPx = 700;
const threeFromPx = 1500;

/**
 * How many cameras stand beside each other, and are on a page. Nine at most: each takes one of the 32 places that the box has for
 * viewers, and an image a tenth of a second from its processor.
 */
export function gridOf(widthPx: number): { readonly columns: number; readonly perPage: number } {
  if (widthPx >= threeFromPx) return { columns: 3, perPage: 9 };
  return { columns: widthPx >= twoFromPx ? 2 : 1, perPage: 4 };
}

/** The cameras of a page of the grid, and which of how many it is. `wanted`: from 1; a page that does not exist is the nearest. */
export function pageOfGrid<Camera>(
  cameras: readonly Camera[],
  { perPage, wanted }: { readonly perPage: number; readonly wanted: number },
): { readonly shown: readonly Camera[]; readonly index: number; readonly count: number } {
  const count = Math.max(1, Math.ceil(cameras.length / perPage));
  const index = Math.min(count - 1, Math.max(0, (Number.isInteger(wanted) ? wanted : 1) - 1));
  return { shown: cameras.slice(index * perPage, (index + 1) * perPage), index, count };
}
