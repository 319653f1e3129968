import type { StatedSet } from '../../kernel/stated-set.js';
import { digestOf, type Grant, type GrantRow } from '../records/seals/grant-seal.js';

/** What the audit log states about the grants. */
export type LoggedGrants =
  /** Nothing. */
  | { readonly outcome: 'silent'; readonly isReplaced: boolean }
  /** The log was altered after its last statement about grants, or cannot be proven. */
  | { readonly outcome: 'broken' }
  | {
      readonly outcome: 'stated';
      readonly state: StatedSet;
      /** Another log has replaced the one of this set: a backup was restored since. */
      readonly isReplaced: boolean;
      /** Whether the newest change was about this grant. */
      readonly isAbout: (grant: Grant) => boolean;
    };

/** Why a row is not trusted, or what is wrong with the set. */
export const grantFaults = [
  /** This program did not write the row, or the row was altered. */
  'not-sealed',
  /** A row of another box. */
  'other-box',
  /** A row of an earlier revision. */
  'put-back',
  /** The log states grants that are missing. */
  'missing',
  /** The newest change is in the log only: the box was killed during it, or an older state was put back. */
  'unfinished',
  /** The rows are newer than the log. */
  'log-older',
  /** The log cannot be trusted. */
  'log-broken',
] as const;
export type GrantFault = (typeof grantFaults)[number];

export interface Judgement {
  readonly kept: readonly GrantRow[];
  /** Rows that are not trusted, with the reason. */
  readonly aside: readonly { readonly row: GrantRow; readonly fault: GrantFault }[];
  /** Faults of the whole set. */
  readonly faults: readonly GrantFault[];
}

/** Decides which of the rows that this program sealed on this box are trusted, by the statement of the audit log. */
export function judgeGrants(sealed: readonly GrantRow[], logged: LoggedGrants): Judgement {
  const top = Math.max(0, ...sealed.map(({ revision }) => revision));
  const newest = sealed.filter(({ revision }) => revision === top);
  const stale = sealed.filter(({ revision }) => revision !== top);
  const judged = (
    kept: readonly GrantRow[],
    fault: GrantFault | undefined,
    why: GrantFault = 'put-back',
  ): Judgement => ({
    kept,
    aside: [...newest.filter((row) => !kept.includes(row)), ...stale].map((row) => ({ row, fault: why })),
    faults: fault === undefined ? [] : [fault],
  });
  if (logged.outcome === 'broken') return judged([], 'log-broken', 'log-broken');
  if (logged.isReplaced) return judged(newest, undefined);
  if (logged.outcome === 'silent') return judged(newest, newest.length === 0 ? undefined : 'log-older');
  const { state, isAbout } = logged;
  const found = digestOf(newest);
  if (top > state.revision) return judged(newest, 'log-older');
  if (newest.length === 0 || top === state.revision) {
    if (found === state.digest) return judged(newest, undefined);
    if (newest.length > 0) return judged(newest, 'missing');
  }
  const isStepBehind = newest.length === 0 || top === state.revision - 1;
  if (isStepBehind && found === state.before) {
    return judged(
      newest.filter((row) => !isAbout(row)),
      'unfinished',
    );
  }
  return judged([], state.digest === digestOf([]) ? undefined : 'missing');
}
