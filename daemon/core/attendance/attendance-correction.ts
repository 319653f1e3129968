import type { CorrectionRequest } from '../../contract/attendance.js';
import { type Correction, correctionsByDate } from '../../kernel/attendance/attendance-day-correction.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import { localIso, readGivenTime } from '../../kernel/attendance/time-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { checkText } from '../../kernel/printable-text.js';
import { refusal } from '../../words/errors.js';

const longestReason = 200;
/** A time further from its day is a typing error: the longest shift and its overtime end before. */
const farthestMs = 2 * 86_400_000;

export interface CorrectionContext {
  /** Earlier corrections of the same person and day, in order. */
  readonly before: readonly Correction[];
  /** The first day with complete records; undefined if all days have them. */
  readonly keptFrom: string | undefined;
  readonly localTime: LocalTime;
  readonly nowMs: number;
}

/** Checks a correction. @throws `correction-refused`, `no-such-time`, `ambiguous-time` */
export function checkCorrection(
  { kind, date, time, reason }: CorrectionRequest,
  context: CorrectionContext,
): Correction & { readonly reason: string } {
  const checked = checkText(reason, { what: 'the reason', longest: longestReason });
  if ('problem' in checked)
    throw refused(checked.problem, `Give a reason of 1 to ${longestReason} characters.`);
  if (context.keptFrom !== undefined && date < context.keptFrom) {
    throw refused(`the records of ${date} were deleted`, `Correct days from ${context.keptFrom} on.`);
  }
  const needsTime = kind === 'in' || kind === 'out';
  if (needsTime !== (time !== undefined)) {
    throw refused(
      'only a correction of in or out has a time, and it needs one',
      'Give a time for in and out, and none for the other kinds.',
    );
  }
  const atMs = time === undefined ? null : requireTime(time, date, context);
  const correction = { kind, date, atMs, reason: checked.text };
  const { inMs, outMs } = correctionsByDate([...context.before, correction]).get(date) ?? {};
  if (inMs !== undefined && outMs !== undefined && outMs <= inMs) {
    throw refused(
      'the day would end before it begins',
      "Write a time of the next day as '06:10+1', or undo the earlier corrections of the day (as-recorded).",
    );
  }
  return correction;
}

function requireTime(text: string, date: string, { localTime, nowMs }: CorrectionContext): number {
  const given = readGivenTime(text, date, localTime);
  switch (given.outcome) {
    case 'unreadable':
      throw refused(
        `the time "${text}" cannot be read`,
        "Write it as '08:05', as '06:10+1' (the next day) or with the offset from UTC, such as '2026-10-25T02:30+01:00'.",
      );
    case 'no-such-time':
      throw refusal('no-such-time', { text });
    case 'ambiguous': {
      const twice = given.instantsMs.map((each) => localIso(each, localTime)).join(' or ');
      throw refusal('ambiguous-time', { text, twice });
    }
    case 'time':
      if (given.atMs > nowMs) throw refused('the time is in the future', 'Give a time in the past.');
      if (Math.abs(given.atMs - localTime.instantOf(date, 0)) > farthestMs) {
        throw refused(
          'the time is too far from its day',
          'Give the day on which the shift began as the date.',
        );
      }
      return given.atMs;
  }
}

function refused(problem: string, remedy: string): RollcallError {
  return refusal('correction-refused', { problem }, { remedy });
}
