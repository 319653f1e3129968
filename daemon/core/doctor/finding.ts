import type { CheckOutcome } from '../../kernel/check-outcome.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { type Said, type SaidTexts, type SaidValues, said, saidIn, verbatim } from '../../kernel/said.js';
import { english, inEnglish } from '../../words/language.js';

/** The result of one check. `warning`: it works, but needs attention. */
export interface Finding {
  /** What was checked, in English in every language: programs match on it. */
  readonly check: string;
  /** The same for people. */
  readonly title: string;
  readonly outcome: CheckOutcome;
  readonly message: string;
  readonly remedy?: string;
  readonly says: SaidTexts<'title' | 'message' | 'remedy'>;
}

/** A message of the doctor. The keys of what is checked begin with `check-`. */
export const doctor = (key: string, values?: SaidValues): Said => said(`doctor/${key}`, values);

export function finding(
  check: Said,
  outcome: CheckOutcome,
  { message, remedy }: { readonly message: Said; readonly remedy?: Said | undefined },
): Finding {
  const texts = inEnglish({ title: check, message, ...present({ remedy }) });
  return { check: english.textOf(check), outcome, ...texts };
}

export const ok = (check: Said, message: Said): Finding => finding(check, 'ok', { message });

/** What an error says. */
export function saidBy(error: unknown): { readonly message: Said; readonly remedy: Said | undefined } {
  if (!isRollcallError(error)) return { message: verbatim(messageOf(error)), remedy: undefined };
  const { message, remedy, says } = error;
  return {
    message: says?.message ?? verbatim(message),
    remedy: says?.remedy ?? (remedy === undefined ? undefined : verbatim(remedy)),
  };
}

/** What a part of the box says of its problem. An empty remedy is none. */
export const saidOf = (problem: {
  readonly message?: string;
  readonly remedy?: string;
  readonly says?: SaidTexts<'message' | 'remedy'>;
}): { readonly message: Said; readonly remedy: Said | undefined } => ({
  message: saidIn(problem, 'message'),
  remedy: problem.remedy ? saidIn(problem, 'remedy') : undefined,
});

/** Parts in one line, such as `a; b`. */
export const joined = (parts: readonly Said[]): Said =>
  parts.reduce((first, second) => doctor('joined', { first, second }));

/** Parts of a list, such as `a, b`. */
export const listed = (parts: readonly Said[]): Said =>
  parts.reduce((first, second) => doctor('listed', { first, second }));

/** An error as a finding, with its remedy. */
export const failed = (check: Said, error: unknown): Finding => finding(check, 'failed', saidBy(error));

/** Runs a check. `work` resolves with its message. */
export async function findingOf(check: Said, work: () => Promise<Said>): Promise<Finding> {
  try {
    return ok(check, await work());
  } catch (error) {
    return failed(check, error);
  }
}

const units = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
] as const;

/** A duration in its largest unit of which it has at least two: `3 days`, `90 minutes`, `45 seconds`. */
export function durationOf(seconds: number): Said {
  const [unit, length] = units.find(([, unitS]) => seconds >= 2 * unitS) ?? ['seconds', 1];
  return doctor(unit, { count: Math.round(seconds / length) });
}
