import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { everybodyClip } from '../support/scenes.js';

interface EvidenceRow {
  readonly kind: string;
  readonly event: string;
  readonly person: string | null;
  readonly camera: string;
  readonly takenAtMs: number;
  readonly bytes: number;
}

interface EventRow {
  readonly id: string;
  readonly kind: string;
  readonly person: string | null;
  readonly occurredAtMs: number;
}

function rowsOf<Row>(path: string, query: string): readonly Row[] {
  const database = new Sqlite(path, { readonly: true });
  try {
    return database.prepare<[], Row>(query).all();
  } finally {
    database.close();
  }
}

test('the box keeps a sealed picture with events of the configured kinds only', {
  skip: withoutBuild || withoutMosquitto,
}, async () => {
  await using appliance = await startAppliance({
    clip: await everybodyClip(),
    cameraIds: ['door'],
    enrolled: ['ada', 'bea'],
    config: { evidence: { attendance: true, attack: true } },
  });
  const { box, personIds, untilEvent } = appliance;
  const [ada, bea] = [personIds.get('ada'), personIds.get('bea')];
  await untilEvent('the attendance', ({ kind, person }) => kind === 'attendance' && person === ada);
  await untilEvent('an unknown person', ({ kind }) => kind === 'unknown');
  await untilEvent('the attack', ({ kind, person }) => kind === 'attack' && person === bea);
  assert.equal(await box.stop(), 0, box.log());

  const galleryPath = join(box.directory, 'data', 'gallery.db');
  const kept = rowsOf<EvidenceRow>(
    galleryPath,
    `SELECT kind, event_id AS event, person_id AS person, camera_id AS camera, taken_at_ms AS takenAtMs,
            length(jpeg) AS bytes FROM evidence`,
  );
  const events = rowsOf<EventRow>(
    join(box.directory, 'data', 'records.db'),
    `SELECT id, kind, person_id AS person, occurred_at_ms AS occurredAtMs
     FROM event WHERE kind IN ('attendance', 'recognised-unproven', 'unknown', 'attack')`,
  );
  const wanted = events.filter(({ kind }) => kind !== 'unknown');
  assert.ok(events.length > wanted.length, 'an unknown person was recorded');
  assert.deepEqual(kept.map(({ event }) => event).sort(), wanted.map(({ id }) => id).sort());
  for (const { kind, event, person, camera, takenAtMs, bytes } of kept) {
    const recorded = events.find(({ id }) => id === event);
    // On a busy machine a visitor may go before the blink is seen. The picture of that belongs to the attendance.
    const expected = recorded?.kind === 'recognised-unproven' ? 'attendance' : recorded?.kind;
    assert.deepEqual([kind, person], [expected, recorded?.person]);
    assert.equal(camera, 'door');
    const beforeMs = (recorded?.occurredAtMs ?? 0) - takenAtMs;
    assert.ok(beforeMs >= 0 && beforeMs < 20_000, `taken ${beforeMs} ms before it was decided`);
    assert.ok(bytes > 1_000 && bytes < 20_000, `${bytes} bytes`);
  }
  assert.ok(kept.some(({ kind, person }) => kind === 'attendance' && person === ada));
  assert.ok(kept.some(({ kind, person }) => kind === 'attack' && person === bea));

  for (const path of [galleryPath, `${galleryPath}-wal`].filter((each) => existsSync(each))) {
    assert.ok(!readFileSync(path).includes('JFIF'), 'the gallery file contains no unencrypted picture');
  }
  assert.ok(!box.log().includes('/9j/4'), 'no picture is in the log');
});
