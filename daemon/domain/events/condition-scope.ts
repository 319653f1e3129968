/** What a condition that holds is about: kinds of event, certificates, disks. Lists are sorted, and name nothing twice. */
export interface ConditionScope {
  /** What it is about now. */
  readonly holds: readonly string[];
  /** As the newest event says. */
  readonly said: readonly string[];
  /** What events have told of since it was settled last: it is no news when it comes back before the next time. */
  readonly told: readonly string[];
}

/** What was found: these are part of it, and those are not, or not any more. Of others nothing is known. */
export interface ConditionNews {
  readonly holds?: readonly string[];
  readonly over?: readonly string[];
}

const isSame = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((part, index) => part === right[index]);

/** Everything that it is about was said. */
export function saidScope(about: readonly string[]): ConditionScope {
  const said = sorted(about);
  return { holds: said, said, told: said };
}

export function withNews(scope: ConditionScope, { holds = [], over = [] }: ConditionNews): ConditionScope {
  return { ...scope, holds: sorted([...scope.holds.filter((part) => !over.includes(part)), ...holds]) };
}

/** The same is part of both. */
export const isAsBefore = (before: ConditionScope, after: ConditionScope): boolean =>
  isSame(before.holds, after.holds);

/** How what holds differs from what was said; undefined: not at all. */
export function changeOf({ holds, said }: ConditionScope): 'worsened' | 'eased' | undefined {
  if (isSame(holds, said)) return undefined;
  return holds.some((part) => !said.includes(part)) ? 'worsened' : 'eased';
}

/** Something has come to it that nobody was told of. */
export const isWorse = ({ holds, told }: ConditionScope): boolean =>
  holds.some((part) => !told.includes(part));

/** It is what was said, and nothing that was told of is over. */
export const isSettled = ({ holds, said, told }: ConditionScope): boolean =>
  isSame(holds, said) && isSame(holds, told);

/** After an event that says what holds now. What was told of before stays told of. */
export const afterSaying = ({ holds, told }: ConditionScope): ConditionScope => ({
  ...{ holds, said: holds },
  told: sorted([...told, ...holds]),
});

const sorted = (parts: readonly string[]): readonly string[] => [...new Set(parts)].sort();
