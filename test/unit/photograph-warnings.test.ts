import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { notesOn } from '../../daemon/cli/import/import-report.js';
import { photographLines } from '../../daemon/cli/person-text.js';
import { photoWarnings as contractWarnings, type PhotographResult } from '../../daemon/contract/enrolment.js';
import { photoWarnings } from '../../daemon/kernel/faces/photo-quality.js';
import { english } from '../../daemon/words/language.js';

const small: PhotographResult = {
  ...{ outcome: 'enrolled', qualityScore: 0.41 },
  warnings: [{ code: 'too-small', message: 'the face is narrow', remedy: 'Add a closer photograph.' }],
};
const good: PhotographResult = { outcome: 'enrolled', qualityScore: 0.9 };

describe('a photograph that is used with a warning', () => {
  test('is listed with the warning and what to do', () => {
    assert.deepEqual(photographLines([good, small], ['a.jpg', 'b.jpg'], english), [
      'a.jpg: quality 0.90',
      'b.jpg: quality 0.41',
      '  warning: the face is narrow (too-small)\n  what to do: Add a closer photograph.',
    ]);
  });

  test('gets a note in the report of an import', () => {
    const notes = notesOn({ outcome: 'accepted', photographs: [good, small] }, ['a.jpg', 'b.jpg']);
    assert.deepEqual(notes, ['b.jpg: warning: the face is narrow (too-small)']);
  });

  test('has the same faults in the contract as in the rule', () => {
    assert.deepEqual(contractWarnings, photoWarnings);
  });
});
