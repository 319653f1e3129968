import type { CorrectionRequest } from '../../contract/attendance.js';
import { type Correction, correctionsByDate } from '../../kernel/attendance/attendance-day-correction.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import { localIso, readGivenTime } from '../../kernel/attendance/time-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { checkText } from '../../kernel/printable-text.js';
import { said } from '../../kernel/said.js';
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
    throw refusal('correction-refused:deleted', { date, keptFrom: context.keptFrom });
  }
  const needsTime = kind === 'in' || kind === 'out';
  if (needsTime !== (time !== undefined)) {
    throw refusal('correction-refused:time-of-kind');
  }
  const atMs = time === undefined ? null : requireTime(time, date, context);
  const correction = { kind, date, atMs, reason: checked.text };
  const { inMs, outMs } = correctionsByDate([...context.before, correction]).get(date) ?? {};
  if (inMs !== undefined && outMs !== undefined && outMs <= inMs) {
    throw refusal('correction-refused:ends-first');
  }
  return correction;
}

function requireTime(text: string, date: string, { localTime, nowMs }: CorrectionContext): number {
  const given = readGivenTime(text, date, localTime);
  switch (given.outcome) {
    case 'unreadable':
      throw refusal('correction-refused:time-unreadable', { text });
    case 'no-such-time':
      throw refusal('no-such-time', { text });
    case 'ambiguous': {
      const [first = '', second = ''] = given.instantsMs.map((each) => localIso(each, localTime));
      const twice = said('errors/either-time', { first, second });
      throw refusal('ambiguous-time', { text, twice });
    }
    case 'time':
      if (given.atMs > nowMs) throw refusal('correction-refused:future');
      if (Math.abs(given.atMs - localTime.instantOf(date, 0)) > farthestMs) {
        throw refusal('correction-refused:too-far');
      }
      return given.atMs;
  }
}

function refused(problem: string, remedy: string): RollcallError {
  return refusal('correction-refused', { problem }, { remedy });
}
