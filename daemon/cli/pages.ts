import type { Page } from '../contract/operation.js';

/** Most items that one page holds. */
export const largestPage = 1000;

/** The first `count` items of a list, read page by page. */
export async function firstItems<Item>(
  count: number,
  read: (page: { readonly limit: number; readonly cursor: string | undefined }) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  let cursor: string | undefined;
  while (found.length < count) {
    const page = await read({ limit: Math.min(largestPage, count - found.length), cursor });
    found.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return found;
}
