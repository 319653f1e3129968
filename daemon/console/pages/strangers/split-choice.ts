import type { StrangerDetails } from '../../../contract/strangers.js';

type History = Pick<StrangerDetails['history'][number], 'passage' | 'isCompared'>;

/** True where both parts would keep a passage that the box compares faces with. It refuses every other split. */
export function canSplit(history: readonly History[], chosen: ReadonlySet<string>): boolean {
  const isLeft = (isChosen: boolean): boolean =>
    history.some(({ passage, isCompared }) => isCompared && chosen.has(passage) === isChosen);
  return isLeft(true) && isLeft(false);
}

/** True where the passage can be chosen beside those that are. Taking one back is always possible. */
export const canChoose = (
  history: readonly History[],
  chosen: ReadonlySet<string>,
  passage: string,
): boolean => chosen.has(passage) || canSplit(history, new Set([...chosen, passage]));
