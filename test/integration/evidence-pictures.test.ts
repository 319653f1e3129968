import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { EvidenceCapture } from '../../daemon/core/events/evidence-capture.js';
import {
  checkPicturePlan,
  evidencePictures,
  type PicturePlan,
} from '../../daemon/core/events/evidence-pictures.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { attackFact, attendanceFact, unknownFact } from '../support/facts.js';
import {
  enrolmentOf,
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { openTestRecords, startTestPublisher } from '../support/published-box.js';
import { sightingOf } from '../support/sightings.js';

const centre = newKeyPair();
const sealTo = Buffer.from(centre.publicKey).toString('base64url');
const jpeg = noiseJpeg(5, 60_000);

interface Picture {
  readonly sealedTo: string;
  readonly jpeg: string;
}

/** The picture of the last event of each kind. */
function pictures({ messages }: EventSubscriber): ReadonlyMap<string, Picture | undefined> {
  const events = messages.filter(({ topic }) => topic.includes('/event/'));
  return new Map(
    events.map(({ topic, payload }) => {
      const { data } = JSON.parse(payload.toString('utf8')) as { data: { picture?: Picture } };
      return [topic.split('/').at(-1) ?? '', data.picture];
    }),
  );
}

/** Records facts and keeps their pictures as the intake of sightings does: the event first, the picture just after. */
async function happen(
  facts: readonly Fact[],
  records: RecordStores,
  capture: EvidenceCapture,
): Promise<void> {
  for (const fact of facts) {
    const seen = sightingOf({ trackId: fact.trackId, bestShot: { capturedAtMs: 1, jpeg } });
    capture.see(seen, () => fact.occurredAtMs - 60_000);
    const { id } = await Promise.resolve(records.record(fact));
    capture.keep(fact, id);
  }
}

async function withBox(
  t: TestContext,
  plan: PicturePlan,
  use: (box: {
    readonly subscriber: EventSubscriber;
    readonly records: RecordStores;
    readonly capture: EvidenceCapture;
    readonly facts: readonly Fact[];
    /** Seals the gallery. */
    readonly seal: () => void;
  }) => Promise<void>,
): Promise<void> {
  const directory = temporaryDirectory(t);
  await using opened = await openTestGallery(galleryOptions(directory));
  const { gallery } = opened;
  const person = await gallery.addPerson(enrolmentOf('Ada', [1]), tester);
  await using capture = new EvidenceCapture({
    store: { add: async (evidence) => void gallery.addEvidence(evidence) },
    wanted: () => ({ attendance: true, unknown: true, attack: true }),
    logger: silentLogger,
  });
  await using broker = await startMosquitto();
  await using subscriber = await subscribeToEvents(broker.url);
  await using records = openTestRecords(join(directory, 'records.db'));
  let open: Gallery | undefined = gallery;
  const pictureOf = evidencePictures({ open: () => open, settled: () => capture.settled() })(plan);
  await using _publisher = startTestPublisher({ url: broker.url, records, pictureOf });
  const facts = [attendanceFact({ personId: person }), unknownFact(), attackFact()];
  await use({ subscriber, records, capture, facts, seal: () => (open = undefined) });
}

describe('a picture with an event', { skip: withoutMosquitto }, () => {
  test('arrives sealed to the centre with events of the configured kinds', async (t) => {
    const plan = { sealTo, kinds: ['attendance', 'unknown'] } as const;
    await withBox(t, plan, async ({ subscriber, records, capture, facts }) => {
      await happen(facts, records, capture);
      await subscriber.until(() => subscriber.eventIds.length === 3);
      const came = pictures(subscriber);
      assert.equal(came.get('attack'), undefined);
      for (const kind of plan.kinds) {
        const picture = came.get(kind) ?? assert.fail(`no picture with ${kind}`);
        assert.equal(picture.sealedTo, sealTo);
        const shown = openSealed(centre, Buffer.from(picture.jpeg, 'base64url'));
        assert.deepEqual(Buffer.from(shown ?? []), Buffer.from(jpeg));
        assert.equal(openSealed(newKeyPair(), Buffer.from(picture.jpeg, 'base64url')), undefined);
      }
      const stored = records.list({ limit: 10 }).map(({ payload }) => Buffer.from(payload).toString('utf8'));
      assert.ok(stored.every((text) => !text.includes('"picture"')));
    });
  });

  test('that is missing, or in a sealed gallery, does not delay its event', async (t) => {
    const plan = { sealTo, kinds: ['attendance', 'unknown', 'attack'] } as const;
    await withBox(t, plan, async ({ subscriber, records, capture, facts, seal }) => {
      for (const fact of facts) records.record(fact);
      await subscriber.until(() => subscriber.eventIds.length === 3);
      seal();
      await happen(facts, records, capture);
      await subscriber.until(() => subscriber.eventIds.length === 6);
      assert.deepEqual([...pictures(subscriber).values()], [undefined, undefined, undefined]);
    });
  });
});

test('the box refuses a weak public key for evidence pictures', () => {
  checkPicturePlan(undefined);
  checkPicturePlan({ sealTo, kinds: ['attack'] });
  const smallOrder = Buffer.alloc(32).toString('base64url');
  assert.throws(() => checkPicturePlan({ sealTo: smallOrder, kinds: ['attack'] }), {
    code: 'evidence-key-unusable',
  });
});
