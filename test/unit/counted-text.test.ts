import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRestored } from '../../daemon/cli/backup/backup-text.js';
import { describeReEmbedding, describeVerification } from '../../daemon/cli/gallery/gallery-text.js';
import { describeImport } from '../../daemon/cli/import/import-report.js';
import { describeStatus } from '../../daemon/cli/status.js';
import { describeEvent } from '../../daemon/contract/events/event-text.js';
import { describeResend } from '../../daemon/contract/events.js';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { durationOf } from '../../daemon/core/doctor/finding.js';
import { counted } from '../../daemon/kernel/counted.js';
import { english } from '../../daemon/words/language.js';

const plurals =
  'restarts|persons|templates|rows|sightings|kinds|rules|deliveries|keys|photographs|pictures|events|entries|blinks|are|were|have';

const asIs = (iso: string): string => iso;

/** No `1 cameras`. */
function assertSingular(text: string): void {
  assert.match(text, /\b1 [a-z]/, 'it counts something');
  assert.doesNotMatch(text, new RegExp(`\\b1 (?:[a-z]+ )?(?:${plurals})\\b`), text);
}

test('the singular follows 1 only', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'camera')),
    ['0 cameras', '1 camera', '2 cameras'],
  );
  assert.equal(counted(1, 'entry', 'entries'), '1 entry');
  assert.equal(counted(21, 'entry', 'entries'), '21 entries');
});

const ones: BoxStatus = {
  version: '1',
  site: 'site',
  box: 'box',
  uptimeS: 1,
  passages: { count: 1, byOutcome: { attended: 1 } },
  vision: [{ index: 0, state: 'running', restarts: 1, restartCauses: { ended: 1 } }],
  cameras: [],
  gallery: { state: 'open', persons: 1, templates: 1, damagedRows: 1 },
  broker: { state: 'connected' },
  conditions: [],
  events: { recorded: 1 },
  outbox: { waiting: 1, acknowledgement: 'broker' },
  intake: {
    taken: 1,
    facts: 1,
    suppressed: 1,
    givenUp: 1,
    waiting: 1,
    problem: { code: 'x', message: 'The disk is full', remedy: 'Make room.' },
  },
  retention: { failures: 1, lastRunAt: '2026-03-02T03:00:00.000Z' },
  alerts: { rules: 1, pending: 1, failed: 1 },
  eventLoop: { p99Ms: 2, maximumMs: 3 },
};

test('texts about one item use the singular', () => {
  assertSingular(describeStatus(ones, asIs));
  assertSingular(
    describeVerification({
      checked: { dataKeys: 1, persons: 1, templates: 1, photographs: 1, evidence: 1 },
      durationMs: 500,
      findings: [{ table: 'templates', reason: 'missing' }],
      pages: [],
      disagreeing: [],
      audit: { outcome: 'whole', entryCount: 1 },
      isWhole: false,
    } as unknown as Parameters<typeof describeVerification>[0]),
  );
  assertSingular(
    describeReEmbedding({
      from: 'a',
      to: 'b',
      recogniserName: 'b',
      state: 'incomplete',
      total: 1,
      made: 1,
      refused: 1,
      missing: ['x'],
      acceptsMissing: false,
    } as unknown as Parameters<typeof describeReEmbedding>[0]),
  );
  assertSingular(describeImport({ outcome: 'imported', accepted: 1, refused: 1, rows: [], personIds: [] }));
  assertSingular(describeResend({ first: 1, last: 1, count: 1, missing: { count: 1, ranges: [] } }));
  assertSingular(describeEvent({ time: 'now', data: { liveness: { verdict: 'live', blinks: [1] } } }, asIs));
  assertSingular(
    describeRestored(
      {
        backup: { createdAt: '2026-03-02T03:00:00.000Z' },
        persons: 1,
        templates: 1,
        erasedAgain: 1,
        damagedKeys: 1,
        log: 'present',
        areErasuresKnown: true,
      } as unknown as Parameters<typeof describeRestored>[0],
      asIs,
    ),
  );
});

test('a duration is told in its largest unit of which there are at least two', () => {
  const texts = [0, 1, 60, 119.6, 120, 7199, 7200, 172_799, 172_800, 34_559_995].map((seconds) =>
    english.textOf(durationOf(seconds)),
  );
  assert.deepEqual(texts, [
    '0 seconds',
    '1 second',
    '60 seconds',
    '120 seconds',
    '2 minutes',
    '120 minutes',
    '2 hours',
    '48 hours',
    '2 days',
    '400 days',
  ]);
});
