/** Whom a recognition in a trial named: the right person, another one, or none. */
export type TrialIdentity = 'right' | 'wrong' | 'none';
