import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventSchema } from '../../daemon/contract/events/event-schema.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { personNames } from '../../daemon/core/persons/person-names.js';
import { defect, operational } from '../../daemon/kernel/errors.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { attackFact, attendanceFact } from '../support/facts.js';
import {
  enrolmentOf,
  galleryOptions,
  openTestGallery,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { memoryLog, openTestRecords, startTestPublisher } from '../support/published-box.js';

const name = 'Zoë Quilliam-Ångström';

/** The published attendance and attack of a person called `name`, with everything logged and stored. */
async function published(directory: string, id: PersonId, gallery: Gallery | undefined, isAllowed: boolean) {
  await using broker = await startMosquitto();
  await using subscriber = await subscribeToEvents(broker.url);
  const path = join(directory, 'records.db');
  const log = memoryLog();
  const { logger } = log;
  await using records = openTestRecords(path);
  const nameOf = isAllowed ? { nameOf: personNames(() => gallery) } : {};
  await using _publisher = startTestPublisher({ url: broker.url, records, logger, ...nameOf });
  const known = subscriber.eventIds.length;
  records.record(attendanceFact({ personId: id }));
  records.record(attackFact({ personId: id, similarity: 0.9 }));
  await subscriber.until(() => subscriber.eventIds.length === known + 2);
  const texts = subscriber.messages
    .filter(({ topic }) => topic.includes('/event/'))
    .map(({ payload }) => payload.toString('utf8'));
  const files = [path, `${path}-wal`].map((file) => readFileSync(file, 'utf8'));
  return { texts, elsewhere: [JSON.stringify(log.lines), ...files] };
}

describe('the name of a person', { skip: withoutMosquitto }, () => {
  test('does not leave the box unless the configuration allows it', async (t) => {
    const directory = temporaryDirectory(t);
    await using opened = await openTestGallery(galleryOptions(directory));
    const id = await opened.gallery.addPerson(enrolmentOf(name, [1]), tester);
    const { texts, elsewhere } = await published(directory, id, opened.gallery, false);
    for (const text of [...texts, ...elsewhere]) assert.ok(!text.includes('Quilliam'));
    assert.ok(texts.every((text) => text.includes(id)));
  });

  test('is only in the message of an attendance if allowed', async (t) => {
    const directory = temporaryDirectory(t);
    await using opened = await openTestGallery(galleryOptions(directory));
    const id = await opened.gallery.addPerson(enrolmentOf(name, [1]), tester);
    const { texts, elsewhere } = await published(directory, id, opened.gallery, true);
    const events = texts.map((text) => eventSchema.parse(JSON.parse(text)));
    assert.deepEqual(
      events.map(({ type, data }) => [type, 'personName' in data ? data.personName : undefined]),
      [
        ['rollcall.attendance.recorded.v1', name],
        ['rollcall.attack.suspected.v1', undefined],
      ],
    );
    assert.equal(texts.filter((text) => text.includes('Quilliam')).length, 1);
    for (const text of elsewhere) assert.ok(!text.includes('Quilliam'));
  });

  test('of an erased or unknown person, or in a sealed gallery, does not delay the event', async (t) => {
    const directory = temporaryDirectory(t);
    await using opened = await openTestGallery(galleryOptions(directory));
    const id = await opened.gallery.addPerson(enrolmentOf(name, [1]), tester);
    const sealed = await published(directory, id, undefined, true);
    opened.gallery.erasePerson(id, tester);
    const erased = await published(directory, id, opened.gallery, true);
    for (const text of [...sealed.texts, ...erased.texts]) assert.ok(!text.includes('personName'));
    assert.deepEqual([sealed.texts.length, erased.texts.length], [2, 2]);
  });
});

test('a name that cannot be read is none, and a mistake of the program is not hidden', () => {
  const nameWhere = (error: Error): string | undefined =>
    personNames(() => ({
      showPerson() {
        throw error;
      },
    }))('p-1');
  assert.equal(nameWhere(operational('gallery-damaged', 'the row of a person is damaged')), undefined);
  for (const mistake of [defect('unexpected', 'a mistake'), new TypeError('a mistake')]) {
    assert.throws(() => nameWhere(mistake), mistake);
  }
});
