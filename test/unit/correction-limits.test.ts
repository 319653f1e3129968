import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CorrectionRequest } from '../../daemon/contract/attendance.js';
import { checkCorrection } from '../../daemon/core/attendance/attendance-correction.js';
import { installedLanguages } from '../../daemon/host/installed-languages.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { instant, paris } from '../support/attendance-plan.js';

const context = {
  ...{ before: [], keptFrom: '2026-03-01', localTime: paris },
  nowMs: instant('2026-03-10T12:00', paris),
};

/** The message of the refusal; nothing where the correction is accepted. */
function refusalOf(changes: Partial<CorrectionRequest>): string | undefined {
  const request = { person: 'p1', date: '2026-03-02', kind: 'in', reason: 'the camera was down', ...changes };
  try {
    checkCorrection(request as CorrectionRequest, context);
    return undefined;
  } catch (error) {
    if (isRollcallError(error, 'correction-refused')) return error.message;
    throw error;
  }
}

test('a refused correction is refused in German to a German reader', () => {
  const german = installedLanguages().firstOf(['de']);
  const request = { person: 'p1', date: '2026-03-02', kind: 'in', reason: 'the camera was down' } as const;
  const wordsFor = (date: string, time: string): unknown => {
    try {
      return checkCorrection({ ...request, date, time } as CorrectionRequest, {
        ...context,
        keptFrom: undefined,
      });
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      return Object.values(error.says ?? {}).map((each) => each && german.textOf(each));
    }
  };
  assert.deepEqual(wordsFor('2026-03-10', '12:01'), [
    'die Korrektur ist nicht möglich: die Uhrzeit liegt in der Zukunft',
    'Geben Sie eine vergangene Uhrzeit an.',
  ]);
  assert.deepEqual(wordsFor('2025-10-26', '02:30'), [
    'die Uhr des Standorts zeigt an diesem Tag zweimal 02:30',
    'Geben Sie an: 2025-10-26T02:30:00+02:00 oder 2025-10-26T02:30:00+01:00.',
  ]);
});

describe('a correction', () => {
  const cases = {
    'of the present': {
      accepted: { date: '2026-03-10', time: '12:00' },
      refused: { date: '2026-03-10', time: '12:01' },
      problem: /future/,
    },
    'two days after its day': {
      accepted: { time: '2026-03-04T00:00+01:00' },
      refused: { time: '2026-03-04T00:01+01:00' },
      problem: /too far/,
    },
    'two days before its day': {
      accepted: { time: '2026-02-28T00:00+01:00' },
      refused: { time: '2026-02-27T23:59+01:00' },
      problem: /too far/,
    },
    'of the first recorded day': {
      accepted: { date: '2026-03-01', time: '08:00' },
      refused: { date: '2026-02-28', time: '08:00' },
      problem: /deleted/,
    },
    'with the longest reason': {
      accepted: { time: '08:00', reason: 'x'.repeat(200) },
      refused: { time: '08:00', reason: 'x'.repeat(201) },
      problem: /reason/,
    },
  };
  for (const [what, { accepted, refused, problem }] of Object.entries(cases)) {
    test(`${what} is accepted, and refused beyond`, () => {
      assert.equal(refusalOf(accepted), undefined);
      assert.match(refusalOf(refused) ?? 'accepted', problem);
    });
  }

  test('may end a day a minute after its beginning, and not at its beginning', () => {
    const came = { kind: 'in', date: '2026-03-02', atMs: instant('2026-03-02T08:00', paris) } as const;
    const left = (time: string) => () =>
      checkCorrection(
        { person: 'p1', date: '2026-03-02', kind: 'out', time, reason: 'the camera was down' },
        { ...context, before: [came] },
      );
    assert.equal(left('08:01')().atMs, came.atMs + 60_000);
    assert.throws(left('08:00'), /would end before it begins/);
  });
});
