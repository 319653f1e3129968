import { InvalidArgumentError } from 'commander';
import type { Page } from '../contract/operation.js';

/** Most items that one page holds. */
const largestPage = 1000;

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

/** Most items of a list that one command shows. */
const mostShown = 10_000;

/** Parses how many items to show. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= mostShown) return count;
  throw new InvalidArgumentError(`must be a whole number from 0 to ${mostShown}`);
}
