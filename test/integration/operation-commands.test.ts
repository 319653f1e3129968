import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { Alerts, alertHandlers } from '../../daemon/core/alerts/alert-handlers.js';
import { Attendance, attendanceHandlers } from '../../daemon/core/attendance/attendance-handlers.js';
import { PassageCorrections } from '../../daemon/core/attendance/passage-corrections.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import type { CommandOptions } from '../../daemon/core/commands/centre-commands.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { eventHandlers, RecordedEvents } from '../../daemon/core/events/recorded-events.js';
import type { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { PassageMarks } from '../../daemon/core/passages/passage-marks.js';
import { passageHandlers, RecordedPassages } from '../../daemon/core/passages/recorded-passages.js';
import { SetAside } from '../../daemon/core/strangers/set-aside.js';
import { Strangers, strangerHandlers } from '../../daemon/core/strangers/stranger-handlers.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { cameraId, passageId, personId } from '../../daemon/kernel/ids.js';
import { alertMessageOf } from '../support/alert-messages.js';
import { newIssuer, sealedJson, type TokenOptions, token, trust } from '../support/command-centre.js';
import { openCommandedBox } from '../support/commanded-box.js';
import { attendanceFact } from '../support/facts.js';
import { followLog } from '../support/followed-log.js';
import { testRecogniser, unitVector } from '../support/gallery-fixture.js';
import { paintFace } from '../support/painted-faces.js';
import { passageIdOf, passageOf } from '../support/passage-fixture.js';
import { box as identity } from '../support/published-box.js';

const config = configSchema.parse({ site: { id: 'site', timeZone: 'UTC' } });
const site = config.site;
const today = new Date().toISOString().slice(0, 10);

/** The operations of the box over its records; only the camera is played. */
function operationsOf(
  records: RecordStores,
  vault: GalleryVault,
  audited: NewAuditEntry[],
): Partial<CommandOptions['operations']> {
  const audit = (entry: NewAuditEntry) => {
    audited.push(entry);
    return { sequence: audited.length, hash: '' };
  };
  const { deliveries, mutes } = records.alerts;
  const person = { id: personId('person-1'), name: 'Ada', expectedFromMs: 0 };
  return {
    ...eventHandlers(
      new RecordedEvents({
        ...{ records, publisher: () => undefined, current: () => config, audit, clock },
        readings: { note: () => undefined },
        gallery: () => ({ evidenceOfEvent: () => undefined }),
      }),
    ),
    ...alertHandlers(
      new Alerts({
        ...{ deliveries, mutes, audit, identity, clock, config: () => config },
        naming: () => ({ cameraName: (id) => id, failureOf: () => undefined, localTime: localTimeOf('UTC') }),
        ...{ channel: () => undefined, newId: () => randomUUID(), signal: AbortSignal.any([]) },
      }),
    ),
    ...attendanceHandlers(
      new Attendance({
        ...{ records: records.attendance, current: () => config, site, clock },
        persons: async () => new Map([[person.id, person]]),
        ...{ audit: { append: audit }, readings: { note: (entry) => void audit(entry) } },
        localTime: localTimeOf('UTC'),
      }),
    ),
    ...passageHandlers(
      new RecordedPassages({
        ...{ journal: records.passages, vault, clock, nameOf: () => 'Ada', pictureOf: () => undefined },
        blindPeriods: async () => [],
        clips: { find: () => undefined, read: async () => undefined },
        readings: { note: (entry) => void audit(entry) },
        references: {
          shown: () => undefined,
          add: () => assert.fail('not used'),
          remove: () => assert.fail('not used'),
        },
        marks: new PassageMarks({
          ...{
            records,
            vault,
            audit: { append: audit },
            clock,
            hasCamera: () => true,
            onMarked: () => undefined,
            effectOf: async () => undefined,
          },
          corrections: new PassageCorrections({
            ...{ records: records.attendance, current: () => config, localTime: localTimeOf('UTC') },
            ...{ audit: { append: audit }, clock },
          }),
        }),
      }),
    ),
    ...strangerHandlers(
      new Strangers({
        ...{ journal: records.passages, pictureOf: () => undefined, threshold: () => 0.5 },
        gallery: () => vault.gallery(),
        // No command enrols or restores a stranger: it would need pictures, and names that only sealed content may hold.
        enrolment: undefined as never,
        setAside: new SetAside({
          ...{ journal: records.passages, clock, persons: undefined as never },
          gallery: () => vault.gallery(),
        }),
        readings: { note: (entry) => void audit(entry) },
      }),
    ),
    'cameras.test': async ({ id }) => ({ outcome: 'failed', code: 'no-answer', message: id, remedy: 'wait' }),
  };
}

async function withCentre(
  work: (centre: {
    readonly box: Awaited<ReturnType<typeof openCommandedBox>>;
    readonly audited: readonly NewAuditEntry[];
    send(command: string, given: object, more?: Partial<TokenOptions>): ReturnType<typeof answerOf>;
  }) => Promise<void>,
): Promise<void> {
  const audited: NewAuditEntry[] = [];
  await using box = await openCommandedBox({
    operations: (records, vault) => operationsOf(records, vault, audited),
  });
  const issuer = await newIssuer('head-office');
  await trust(box.records.commands.trust, issuer);
  await work({
    ...{ box, audited },
    async send(command, given, more = {}) {
      const id = randomUUID();
      const signed = await token(issuer, { command, arguments: { ...given }, id, ...more });
      await box.receiver.receive(command, signed);
      return answerOf(box, id);
    },
  });
}

const answerOf = (box: Awaited<ReturnType<typeof openCommandedBox>>, id: string) => box.answer(id);

describe('a command that calls an operation', () => {
  test('lists events by the filters of the operation, and refuses what its schema refuses', async () => {
    await withCentre(async ({ box, send }) => {
      for (let count = 0; count < 3; count += 1) box.records.record(attendanceFact());
      const { outcome, result } = await send('list-events', { kind: 'attendance', limit: 2 });
      assert.equal(outcome, 'done');
      const { items, nextCursor } = result as {
        readonly items: readonly { readonly sequence: string; readonly data: object }[];
        readonly nextCursor: string;
      };
      assert.deepEqual(
        items.map(({ sequence }) => Number(sequence)),
        [3, 2],
      );
      assert.ok('person' in (items[0]?.data ?? {}));
      const next = await send('list-events', { kind: 'attendance', limit: 2, cursor: nextCursor });
      assert.equal((next.result?.['items'] as readonly unknown[] | undefined)?.length, 1);
      for (const wrong of [{ limit: 5000 }, { kinds: 'attendance' }, { cursor: 'x' }]) {
        assert.equal((await send('list-events', wrong)).outcome, 'refused', JSON.stringify(wrong));
      }
    });
  });

  test('says so when the answer is too long for a message', async () => {
    await withCentre(async ({ box, send }) => {
      for (let count = 0; count < 1000; count += 1) box.records.record(attendanceFact());
      const { outcome, code, message } = await send('list-events', { limit: 1000 });
      assert.deepEqual([outcome, code], ['failed', 'answer-too-long']);
      assert.match(message ?? '', /more than 256 KiB.*a lower limit/);
      assert.equal((await send('list-events', { limit: 100 })).outcome, 'done');
    });
  });

  test('needs the scope of the command, which stands for that of the operation', async () => {
    await withCentre(async ({ send }) => {
      const refused = await send('list-events', {}, { scope: 'cameras attendance' });
      assert.deepEqual([refused.outcome, refused.code], ['refused', 'out-of-scope']);
      assert.equal((await send('list-alerts', {}, { scope: 'alerts' })).outcome, 'done');
    });
  });

  test('reports attendance by ids, without names, and the reading is audited', async () => {
    await withCentre(async ({ box, send, audited }) => {
      box.records.record(attendanceFact({ occurredAtMs: Date.now() }));
      const { outcome, result } = await send('report-attendance', { from: today, to: today });
      assert.equal(outcome, 'done');
      const text = JSON.stringify(result);
      assert.ok(text.includes('person-1') && !text.includes('Ada'), text);
      assert.ok(audited.some(({ by }) => by.actor === 'issuer:head-office'));
      const period = { from: today, to: '2020-01-01' };
      assert.equal((await send('report-attendance', period)).code, 'period-refused');
    });
  });

  test('acknowledges an alert for the issuer, and tests a camera', async () => {
    await withCentre(async ({ box, send, audited }) => {
      const message = alertMessageOf();
      const { journal } = box.records.alerts;
      journal.advance({ cursor: 0, rules: new Map(), alerts: [{ message, channels: [] }] });
      const done = await send('acknowledge-alert', { alert: message.id });
      assert.equal(done.outcome, 'done', done.message);
      assert.deepEqual(
        audited.map(({ by, action }) => [by.actor, action]),
        [['issuer:head-office', 'alert.acknowledged']],
      );
      assert.equal((await send('acknowledge-alert', { alert: 'none' })).code, 'no-such-alert');
      const { result } = await send('test-camera', { id: 'gate' });
      assert.deepEqual(result, {
        test: { outcome: 'failed', code: 'no-answer', message: 'gate', remedy: 'wait' },
      });
    });
  });

  test('lists, explains and marks passages by ids, and corrects attendance', async () => {
    await withCentre(async ({ box, send, audited }) => {
      const fact = attendanceFact();
      const { id } = box.records.record(fact);
      box.records.passages.put(passageOf(1, { personId: fact.personId, nearest: [], events: [id] }));
      const listed = await send('list-passages', { outcome: 'attended' });
      assert.equal((listed.result?.['items'] as readonly unknown[] | undefined)?.length, 1);
      const shown = await send('show-passage', { passage: passageIdOf(1) });
      const text = JSON.stringify([listed.result, shown.result]);
      assert.ok(text.includes(fact.personId) && text.includes('life proven') && !text.includes('Ada'), text);
      const marked = await send('mark-passage', { passage: passageIdOf(1), was: 'nobody' });
      const { mark } = marked.result as { readonly mark: { readonly corrections: number } };
      assert.equal(mark.corrections, 1);
      assert.deepEqual(
        audited.map(({ action }) => action),
        ['passage.listed', 'passage.read', 'attendance.corrected', 'passage.marked'],
      );
      const limited = { scope: 'events strangers' };
      assert.equal((await send('list-passages', {}, limited)).code, 'out-of-scope');
    });
  });

  test('lists, merges, ignores and discards strangers, and events tell of each change', async () => {
    await withCentre(async ({ box, send }) => {
      const { strangers } = box.vault.gallery();
      const [one = '', two = ''] = [1, 2].map((face) => {
        const known = strangers.see({
          ...{ passageId: passageId(`p-${face}`), cameraId: cameraId('gate'), recogniser: testRecogniser },
          ...{ firstSeenMs: face, lastSeenMs: face, threshold: 0.5 },
          views: [{ embedding: unitVector(face), quality: 0.8 }],
        });
        return known.stranger?.id;
      });
      const followed = { audit: box.vault.audit, records: box.records, clock };
      await followLog(followed);
      const listed = await send('list-strangers', { limit: 1 });
      const { items } = listed.result as { readonly items: readonly { readonly id: string }[] };
      assert.deepEqual([items.length, items[0]?.id], [1, two]);
      const merged = await send('merge-strangers', { stranger: two, others: [one] });
      const { stranger } = merged.result as { readonly stranger: { readonly id: string } };
      assert.equal(stranger.id, one);
      assert.equal((await send('ignore-stranger', { stranger: two })).code, 'no-such-stranger');
      assert.equal((await send('ignore-stranger', { stranger: one })).outcome, 'done');
      const lost = await send('discard-stranger', { stranger: one, isFinal: true });
      assert.deepEqual(lost.result, { lost: { discarded: one, passages: 2, visits: 1, pictures: 0 } });
      const refused = await send('list-strangers', {}, { scope: 'alerts events' });
      assert.equal(refused.code, 'out-of-scope');
      await followLog(followed);
      const told = box.records.list({ kind: 'stranger', limit: 10 }).map(({ payload }) => {
        const { data } = JSON.parse(Buffer.from(payload).toString()) as { data: { change: string } };
        return data.change;
      });
      assert.deepEqual(told, ['merged', 'ignored', 'discarded']);
    });
  });

  test('with a form of its own has its content checked by the schema of the operation, too', async () => {
    await withCentre(async ({ box, send }) => {
      const person = (name: string) => ({
        ...{ externalId: '17', name },
        photographs: [paintFace('ada').toString('base64url')],
      });
      const sealed = (value: unknown) => ({ sealed: sealedJson(box.boxKey.publicKey, value) });
      // The command allows 800 characters, the operation 400.
      const long = await send('enrol-person', sealed(person('x'.repeat(500))));
      assert.deepEqual([long.outcome, long.code], ['failed', 'bad-request']);
      assert.match(long.message ?? '', /name \(too_big\)/);
      assert.equal(box.rowCount(), 0);
      assert.equal((await send('enrol-person', sealed(person('Ada')))).outcome, 'done');
    });
  });
});
