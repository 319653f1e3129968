import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDue, describeRetention } from '../../daemon/cli/gallery/retention.js';
import { siteTimeOf } from '../../daemon/cli/site-time.js';
import type { RetentionStatus } from '../../daemon/contract/retention.js';

const paris = siteTimeOf('Europe/Paris').show;

const status: RetentionStatus = {
  rules: [
    { kind: 'photographs', keep: 'forever', due: 0 },
    { kind: 'unknownEvidence', keep: 7, due: 12 },
  ],
  atHour: 3,
  isRunning: false,
};

test('rules, due data and the hour are shown', () => {
  const text = describeRetention(status, paris);
  assert.match(text, /enrolment photos +photographs +forever +0/);
  assert.match(text, /pictures of unknown persons +unknownEvidence +7 d +12/);
  assert.match(text, /from 3:00/);
  assert.match(text, /Retention has not run yet/);
  assert.equal(describeDue(status), 'Due now:\n  pictures of unknown persons: 12');
  assert.equal(describeDue({ ...status, rules: [] }), 'Nothing is due.');
});

test('a partly failed run and a doubtful clock are shown with remedies', () => {
  const text = describeRetention(
    {
      ...status,
      clockDoubt: { code: 'clock-ahead', message: '90 days have gone by', remedy: 'Set the clock right.' },
      lastRun: {
        startedAt: '2026-03-02T03:00:00.000Z',
        durationMs: 1234,
        by: 'retention',
        forgotten: { unknownEvidence: 3 },
        batches: 4,
        longestBatchMs: 5,
        failures: [
          { kind: 'photographs', code: 'disk-full', message: 'the disk is full', remedy: 'Free space.' },
        ],
      },
    },
    paris,
  );
  assert.match(text, /deletes nothing: 90 days have gone by. Set the clock right\./);
  assert.match(
    text,
    /Run of 2026-03-02 04:00:00 by retention, 1\.2 s:\n {2}deleted pictures of unknown persons: 3/,
  );
  assert.match(text, /failed: photographs: the disk is full. Free space\./);
});
