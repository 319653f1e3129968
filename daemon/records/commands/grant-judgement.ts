import { digestOf, type Grant, type GrantRow } from './grant-seal.js';

/** What the audit log says of the set of grants after its newest change. */
export interface GrantState {
  readonly revision: number;
  /** Of the set. */
  readonly digest: string;
  /** Of the set before that change. */
  readonly before: string;
}

/** What the audit log has to say. */
export type LoggedGrants =
  /** Nothing. `isReplaced` as below. */
  | { readonly outcome: 'silent'; readonly isReplaced: boolean }
  /** The log was altered since it spoke of them, or cannot be proven. */
  | { readonly outcome: 'broken' }
  | {
      readonly outcome: 'said';
      readonly state: GrantState;
      /** Another log has taken the place of the one that knew this set: a backup was restored since. */
      readonly isReplaced: boolean;
      /** Whether the newest change was about this grant. */
      readonly isAbout: (grant: Grant) => boolean;
    };

/** Why something is not believed, or what else is wrong with the set. */
export const grantFaults = [
  /** A row that this program did not write, or that was altered. */
  'not-sealed',
  /** A row of another box. */
  'other-box',
  /** A row of an earlier time. */
  'put-back',
  /** The log knows of more than is there. */
  'missing',
  /** The newest change stands in the log only: the box was killed amid it, or what was before was put back. */
  'unfinished',
  /** The rows are newer than the log. */
  'log-older',
  /** The log cannot be relied on. */
  'log-broken',
] as const;
export type GrantFault = (typeof grantFaults)[number];

export interface Judgement {
  readonly kept: readonly GrantRow[];
  /** Not believed, each with the reason. */
  readonly aside: readonly { readonly row: GrantRow; readonly fault: GrantFault }[];
  /** What is wrong with the set as a whole. */
  readonly faults: readonly GrantFault[];
}

/** Which of the rows that this program sealed on this box are to be believed, by what the audit log says of them. */
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
  if (newest.length > 0 && top > state.revision) return judged(newest, 'log-older');
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
