import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ageingKinds,
  emptyLogs,
  type RetentionSources,
} from '../../daemon/core/retention/retention-kinds.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';
import type { Ageing, RetentionKind } from '../../daemon/kernel/retention/retention-rules.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { tester } from '../support/gallery-fixture.js';

/** Written by hand: a kind that moves to another rule is kept for another time. */
const ruleOf: Readonly<Record<EventKind, RetentionKind>> = {
  attendance: 'attendanceRecords',
  'recognised-unproven': 'attendanceRecords',
  'recognised-refused': 'attendanceRecords',
  'recognised-ambiguous': 'attendanceRecords',
  watchlist: 'attendanceRecords',
  mark: 'attendanceRecords',
  summary: 'attendanceRecords',
  unknown: 'unknownRecords',
  loitering: 'unknownRecords',
  stranger: 'unknownRecords',
  attack: 'attackRecords',
  reply: 'replyRecords',
  gap: 'otherRecords',
  person: 'otherRecords',
  identity: 'otherRecords',
  audit: 'otherRecords',
  gallery: 'otherRecords',
  box: 'otherRecords',
  camera: 'otherRecords',
};

test('every kind of event ages under one rule', () => {
  const nothing = (): Ageing => ({ countDue: () => 0, begin: () => () => ({ count: 0, isMoreDue: false }) });
  const kindsOf = new Map<Ageing, readonly EventKind[]>();
  const kinds = ageingKinds(
    {
      ...{ file: () => undefined, gallery: () => undefined, databasePaths: [], clock: new VirtualClock() },
      ...{ forgetPerson: () => undefined, forgetCopies: () => undefined },
      records: {
        ageing(...given) {
          const ageing = nothing();
          kindsOf.set(ageing, given);
          return ageing;
        },
        ...{
          passages: nothing,
          clips: nothing,
          forgetAbout: () => 0,
          forgetStrangers: () => undefined,
          emptyLog: () => true,
        },
      },
    },
    tester,
  );
  const found = Object.entries(kinds).flatMap(([rule, ageing]) =>
    (kindsOf.get(ageing) ?? []).map((kind) => `${kind} ${rule}`),
  );
  assert.deepEqual(found.sort(), eventKinds.map((kind) => `${kind} ${ruleOf[kind]}`).sort());
});

test('the write-ahead log of the records counts also where no gallery is open', () => {
  for (const isEmptied of [true, false]) {
    const records = { emptyLog: () => isEmptied } as RetentionSources['records'];
    assert.equal(emptyLogs({ file: () => undefined, records } as RetentionSources), isEmptied);
  }
});
