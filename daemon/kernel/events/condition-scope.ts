/**
 * The items that an active condition is about: kinds of event, certificates, disks. Each list is sorted and has no
 * duplicates.
 */
export interface ConditionScope {
  readonly current: readonly string[];
  /** The items that the newest event about the condition names. */
  readonly published: readonly string[];
  /**
   * All items that events have named since the scope was last settled. An item that ends and comes back before the scope
   * settles is not published again.
   */
  readonly publishedSinceSettled: readonly string[];
}

/** Items that were found to belong to a condition, and items that no longer do. All others stay as they are. */
export interface ConditionUpdate {
  readonly active?: readonly string[];
  readonly over?: readonly string[];
}

const isSame = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index]);

/** A settled scope: the newest event names exactly these items. */
export function publishedScope(items: readonly string[]): ConditionScope {
  const current = sorted(items);
  return { current, published: current, publishedSinceSettled: current };
}

export function updatedScope(
  scope: ConditionScope,
  { active = [], over = [] }: ConditionUpdate,
): ConditionScope {
  return { ...scope, current: sorted([...scope.current.filter((item) => !over.includes(item)), ...active]) };
}

export const isSameScope = (before: ConditionScope, after: ConditionScope): boolean =>
  isSame(before.current, after.current);

/** How the current items differ from the published ones; undefined: not at all. */
export function changeOf({ current, published }: ConditionScope): 'worsened' | 'eased' | undefined {
  if (isSame(current, published)) return undefined;
  return current.some((item) => !published.includes(item)) ? 'worsened' : 'eased';
}

/** An item has come that no event has named since the scope was last settled. */
export const isWorse = ({ current, publishedSinceSettled }: ConditionScope): boolean =>
  current.some((item) => !publishedSinceSettled.includes(item));

export const isSettled = ({ current, published, publishedSinceSettled }: ConditionScope): boolean =>
  isSame(current, published) && isSame(current, publishedSinceSettled);

/** The scope after an event that names the current items. */
export const afterPublishing = ({ current, publishedSinceSettled }: ConditionScope): ConditionScope => ({
  ...{ current, published: current },
  publishedSinceSettled: sorted([...publishedSinceSettled, ...current]),
});

const sorted = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();
