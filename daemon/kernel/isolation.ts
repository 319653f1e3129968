import type { SaidTexts } from './said.js';

/**
 * How far the operating system separates the processes that parse untrusted bytes from everything else:
 * - `full`: another user, in a unit of systemd;
 * - `partial`: a sandbox of its own, which leaves gaps;
 * - `none`: they have the rights of the process that starts them.
 */
export const isolationLevels = ['full', 'partial', 'none'] as const;

/**
 * What a process that was taken over can still do:
 * - `rights`: everything that the user of the core may do;
 * - `network`: reach other addresses than those of its cameras;
 * - `memory`: fill the memory of the machine;
 * - `disk`: fill the disk of the folder for live frames.
 */
export const isolationGaps = ['rights', 'network', 'memory', 'disk'] as const;

export interface Isolation {
  readonly level: (typeof isolationLevels)[number];
  readonly gaps: readonly (typeof isolationGaps)[number][];
  /** Why there is no better isolation, a clause for people, and what to do about it. */
  readonly why?: {
    readonly reason: string;
    readonly remedy: string;
    readonly says?: SaidTexts<'reason' | 'remedy'>;
  };
}

/** What holds for two kinds of process together: the lower level, and the gaps of both. */
export const weakerIsolation = (a: Isolation, b: Isolation): Isolation => ({
  ...(isolationLevels.indexOf(b.level) > isolationLevels.indexOf(a.level) ? b : a),
  gaps: isolationGaps.filter((gap) => a.gaps.includes(gap) || b.gaps.includes(gap)),
});

/**
 * The gaps that somebody opened or can close. A kernel that cannot limit memory is a fact of the machine, and filling the memory gives an
 * attacker nothing to read.
 */
export const closableGaps = ({ gaps }: Pick<Isolation, 'gaps'>): Isolation['gaps'] =>
  gaps.filter((gap) => gap !== 'memory');

/** What is left of the isolation of a process that has a network although its wall should have taken it away. */
export const withNetwork = (isolation: Isolation): Isolation =>
  weakerIsolation(isolation, { level: 'full', gaps: ['network'] });
