import { signal } from '@preact/signals';
import { me } from '../../api/session.js';

/** What a merge joined, so that it can be taken back. */
export interface Merged {
  readonly into: string;
  /** The passages of each of the others, as they were before. */
  readonly others: readonly (readonly string[])[];
}

interface Kept {
  /** Who merged: another user of this tab has nothing to take back. */
  readonly by: string;
  readonly merged: Merged;
}

const storedAs = 'rollcall.last-merge';

/** The box forgets who was merged, so this tab keeps it, also over a reload. */
const kept = signal<Kept | undefined>(stored());

function stored(): Kept | undefined {
  const text = sessionStorage.getItem(storedAs);
  return text === null ? undefined : (JSON.parse(text) as Kept);
}

/** The last merge of this user in this tab that has not been taken back. */
export const lastMerge = (): Merged | undefined =>
  kept.value?.by === me.value?.actor ? kept.value?.merged : undefined;

export function keepMerge(merged: Merged | undefined): void {
  kept.value = merged && { by: me.value?.actor ?? '', merged };
  if (merged === undefined) sessionStorage.removeItem(storedAs);
  else sessionStorage.setItem(storedAs, JSON.stringify(kept.value));
}
