import type { z } from 'zod';

/** Runs a check also where other parts of the section are invalid, so that all problems are reported together. */
export const whenObject = {
  when: ({ value }: { readonly value: unknown }): boolean => typeof value === 'object' && value !== null,
};
export const whenList = {
  when: ({ value }: { readonly value: unknown }): boolean => Array.isArray(value),
};

/** The items of a list that may be invalid. */
export function itemsOf(list: unknown): readonly { readonly [key: string]: unknown }[] {
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) => (typeof item === 'object' && item !== null ? { ...item } : {}));
}

/** Refuses an id that an earlier item has, in any of `lists` (by their keys). Returns the ids. */
export function refuseRepeatedIds(
  lists: Readonly<Record<string, unknown>>,
  what: string,
  context: z.RefinementCtx,
): readonly string[] {
  const seen: string[] = [];
  for (const [name, list] of Object.entries(lists)) {
    for (const [index, { id }] of itemsOf(list).entries()) {
      if (typeof id !== 'string') continue;
      if (seen.includes(id)) {
        context.addIssue({
          code: 'custom',
          path: [...(name === '' ? [] : [name]), index, 'id'],
          message: `is already the id of an earlier ${what}: "${id}"`,
          params: { remedy: `Give every ${what} its own id.` },
        });
      }
      seen.push(id);
    }
  }
  return seen;
}
