import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { EnrolmentRequest } from '../../daemon/contract/enrolment.js';
import { GalleryStandings } from '../../daemon/core/persons/person-standings.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { localDate } from '../../daemon/host/local-date.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { AttendanceRules } from '../../daemon/kernel/attendance/attendance-rules.js';
import { type PersonId, personId, trackId } from '../../daemon/kernel/ids.js';
import type { LivenessRequirement, LivenessVerdict } from '../../daemon/kernel/liveness/liveness.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { testRecogniser, unitVector } from '../support/gallery-fixture.js';
import { type GalleryPersons, openGalleryPersons } from '../support/gallery-persons.js';
import { paintFace } from '../support/painted-faces.js';
import { sightingOf } from '../support/sightings.js';

const by = { actor: 'uid:1000', origin: 'test' };
const noon = Date.parse('2026-03-02T12:00:00+01:00');
const reason = 'a reason';

interface View {
  readonly verdict?: LivenessVerdict;
  readonly atMs?: number;
  readonly isEnded?: boolean;
}

interface StagedBox extends AsyncDisposable {
  readonly behind: GalleryPersons;
  enrol(face: string, terms: Partial<EnrolmentRequest>): Promise<PersonId>;
  /** One track that shows the face in these views. Returns what was recorded, with its reason, and the passage at the end. */
  pass(face: string, ...views: readonly View[]): Promise<readonly string[]>;
  /** How often a profile was opened for a decision. */
  opened(): number;
}

/** A sealed gallery, its records and the decider that a box has between them. Only the networks are fake. */
async function stage(
  changes: Partial<AttendanceRules> = {},
  require: LivenessRequirement = 'blink',
): Promise<StagedBox> {
  const behind = await openGalleryPersons();
  const { vault, records, persons } = behind;
  const gallery = vault.gallery();
  let openedCount = 0;
  const source = {
    onPersonsChanged: gallery.onPersonsChanged.bind(gallery),
    showPerson: (id: PersonId) => {
      openedCount += 1;
      return gallery.showPerson(id);
    },
  };
  const standings = new GalleryStandings({
    vault: { gallery: () => source, onChanged: () => () => undefined },
    dayAt: (wallMs) => localDate(wallMs, 'Europe/Paris'),
  });
  const decider: Decider = new Decider({
    search: (embedding, { count }) => gallery.nearest(embedding, { count }),
    policy: { threshold: 0.5, margin: 0.05, minimumProbes: 1 },
    rules: {
      ...{ attendanceCooldownS: 300, unknownCooldownS: 60, attackCooldownS: 0, unknownAfterS: 0 },
      ...{ watchlistCooldownS: 60, watchlistRequires: 'none' },
      ...changes,
    },
    directionOf: () => 'in',
    proofAt: () => ({ require, attackAfterS: 20 }),
    persons: standings,
    facts: factStoreOf(records),
    clock: systemClock,
    random: systemRandom,
  });
  let tracks = 0;
  return {
    behind,
    opened: () => openedCount,
    async enrol(face, terms) {
      const given = { name: face, isDuplicateAllowed: false, isDryRun: false, ...terms };
      const result = await persons.add({ ...given, photographs: [paintFace(face)] }, by);
      assert.ok(result.outcome === 'enrolled');
      return personId(result.person.id);
    },
    async pass(face, ...views) {
      tracks += 1;
      const said: string[] = [];
      for (const [sequence, { verdict = 'undetermined', atMs = noon, isEnded = false }] of views.entries()) {
        const sighting: Sighting = sightingOf({
          ...{ trackId: trackId(`track-${tracks}`), sequence, isEnded, recogniser: testRecogniser },
          lastSeenMs: sequence * 1000,
          probes: [{ capturedAtMs: sequence, embedding: vectorOf(face), quality: 0.9 }],
          liveness: livenessOf(verdict),
        });
        const { recorded, suppressed, ended } = await decider.onSighting(sighting, () => atMs);
        for (const { fact } of recorded)
          said.push(fact.kind === 'recognised-refused' ? `${fact.kind} ${fact.reason}` : fact.kind);
        said.push(...suppressed.map(({ reason: why }) => why));
        if (ended !== undefined) said.push(`${ended.outcome}/${ended.reason}`);
      }
      return said;
    },
    async [Symbol.asyncDispose]() {
      decider[Symbol.dispose]();
      standings[Symbol.dispose]();
      await behind[Symbol.asyncDispose]();
    },
  };
}

const vectorOf = (face: string) => unitVector(createHash('sha256').update(face).digest().readUInt32LE(0));

function livenessOf(verdict: LivenessVerdict): Sighting['liveness'] {
  const reasons = { live: 'blinked', attack: 'still-picture', undetermined: 'observed-too-briefly' } as const;
  const evidence = { blinks: [], unboundBlinks: [], gestures: [], observedS: 3, frameCount: 40 };
  return { verdict, reason: reasons[verdict], evidence };
}

const gone: View = { isEnded: true };
const live: View = { verdict: 'live' };

test('a person out of their validity is refused, never unknown, and never attends', async () => {
  await using box = await stage({}, 'not-attack');
  const expired = await box.enrol('ada', { validUntil: '2026-03-01' });
  const early = await box.enrol('bea', { validFrom: '2026-03-03' });
  assert.deepEqual(await box.pass('ada', live, gone), ['recognised-refused expired', 'refused/expired']);
  assert.deepEqual(await box.pass('ada', live, gone), ['refused-cooldown', 'refused/expired']);
  // Without a proof of life, at the end at the latest; the track has no other fact.
  assert.deepEqual(await box.pass('bea', {}, gone), [
    'recognised-refused not-yet-valid',
    'refused/not-yet-valid',
  ]);
  const { records } = box.behind;
  const events = records.list({ limit: 10, personId: expired });
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['recognised-refused'],
    'a list of events about the person has it',
  );
  const { data } = JSON.parse(new TextDecoder().decode(events[0]?.payload)) as { data: object };
  assert.deepEqual(
    { ...data, similarity: 0, margin: 0, models: {}, passage: '' },
    { ...data, person: expired, reason: 'expired', similarity: 0, margin: 0, models: {}, passage: '' },
  );
  for (const id of [expired, early]) {
    assert.equal(records.attendance.hasRecords(id), false, 'no report counts a refusal');
    assert.deepEqual(records.attendance.attendancesOf(id, 0, Number.MAX_SAFE_INTEGER), []);
  }
});

test('validity begins and ends at midnight of the site, also when its clock changes', async () => {
  await using box = await stage({ attendanceCooldownS: 0 });
  const first = { spring: '2026-03-29', autumn: '2026-10-25' };
  await box.enrol('spring', { validFrom: first.spring, validUntil: first.spring });
  await box.enrol('autumn', { validFrom: first.autumn, validUntil: first.autumn });
  for (const [face, at, outcome] of [
    ['spring', '2026-03-28T23:59:59.999+01:00', 'refused/not-yet-valid'],
    ['spring', '2026-03-29T00:00:00.000+01:00', 'attended/attended'],
    ['spring', '2026-03-29T23:59:59.999+02:00', 'attended/attended'],
    ['spring', '2026-03-30T00:00:00.000+02:00', 'refused/expired'],
    ['autumn', '2026-10-24T23:59:59.999+02:00', 'refused/not-yet-valid'],
    ['autumn', '2026-10-25T00:00:00.000+02:00', 'attended/attended'],
    ['autumn', '2026-10-25T23:59:59.999+01:00', 'attended/attended'],
    ['autumn', '2026-10-26T00:00:00.000+01:00', 'refused/expired'],
  ] as const) {
    const atMs = Date.parse(at);
    const said = await box.pass(face, { ...live, atMs }, { ...gone, atMs });
    assert.equal(said.at(-1), outcome, `${face} ${at}`);
  }
});

test('a barred person is told of at once, never attends, and a picture of them stays an attack', async () => {
  await using box = await stage({}, 'not-attack');
  await box.enrol('ada', { watch: { mark: 'barred', reason } });
  const minute = (count: number): View => ({ atMs: noon + count * 61_000 });
  assert.deepEqual(await box.pass('ada', {}), ['recognised-refused barred'], 'before any proof of life');
  assert.deepEqual(await box.pass('ada', live, gone), ['refused-cooldown', 'refused/barred']);
  assert.deepEqual(await box.pass('ada', { ...live, ...minute(1) }, { ...gone, ...minute(1) }), [
    ...['recognised-refused barred', 'refused/barred'],
  ]);
  const found = { verdict: 'attack', ...minute(2) } as const;
  assert.deepEqual(await box.pass('ada', found, { ...found, isEnded: true }), [
    'attack',
    'attack/still-picture',
  ]);
  const later = { verdict: 'attack', ...minute(3) } as const;
  assert.deepEqual(await box.pass('ada', minute(3), later, { ...later, isEnded: true }), [
    ...['recognised-refused barred', 'attack', 'attack/still-picture'],
  ]);
});

test('with a proof of life required, a barred person without one is told of as any other, and still never attends', async () => {
  await using box = await stage({ watchlistRequires: 'live' }, 'not-attack');
  await box.enrol('ada', { watch: { mark: 'barred', reason } });
  assert.deepEqual(await box.pass('ada', {}, gone), ['recognised-unproven', 'refused/barred']);
  assert.deepEqual(await box.pass('ada', {}, live, gone), ['recognised-refused barred', 'refused/barred']);
});

test('a watched person is told of at once, and attends as usual', async () => {
  await using box = await stage();
  await box.enrol('ada', { watch: { mark: 'watch', reason } });
  assert.deepEqual(await box.pass('ada', {}, live, gone), ['watchlist', 'attendance', 'attended/attended']);
  assert.deepEqual(await box.pass('ada', {}, gone), [
    ...['watchlist-cooldown', 'unproven-cooldown', 'unproven/attended-before'],
  ]);
  await box.enrol('bea', { watch: { mark: 'watch', reason }, validUntil: '2026-03-01' });
  assert.deepEqual(await box.pass('bea', live, gone), [
    ...['watchlist', 'recognised-refused expired', 'refused/expired'],
  ]);
});

test('a change counts for the next decision, and a profile is opened once until then', async () => {
  await using box = await stage();
  const id = await box.enrol('ada', {});
  const { persons } = box.behind;
  await box.pass('ada', {}, {}, {}, {});
  assert.equal(box.opened(), 1);
  await persons.update(id, { watch: { mark: 'barred', reason } }, by);
  assert.deepEqual(await box.pass('ada', {}), ['recognised-refused barred']);
  assert.equal(box.opened(), 2);
  await persons.update(id, { watch: null, validUntil: '2026-03-01' }, by);
  assert.deepEqual(await box.pass('ada', live), ['refused-cooldown'], 'a refusal of the same person');
  await persons.update(id, { validUntil: null }, by);
  assert.deepEqual(await box.pass('ada', live), ['attendance']);

  const bea = await box.enrol('bea', { validUntil: '2026-03-01' });
  assert.deepEqual(await box.pass('bea', live), ['recognised-refused expired']);
  await persons.update(bea, { watch: { mark: 'barred', reason } }, by);
  assert.deepEqual(await box.pass('bea', live), ['recognised-refused barred'], 'whatever was told before');
});

test('the standings of persons follow one gallery at a time, and none after their end', () => {
  let followed = 0;
  const open = () => ({
    showPerson: () => undefined,
    onPersonsChanged: () => {
      followed += 1;
      return () => {
        followed -= 1;
      };
    },
  });
  let gallery = open();
  const vault = { gallery: () => gallery, onChanged: () => () => undefined };
  const standings = new GalleryStandings({ vault, dayAt: () => '2026-03-02' });
  const ada = personId('p-ada');
  standings.standingOf(ada, noon);
  standings.isWatched(ada);
  assert.equal(followed, 1);
  gallery = open();
  standings.standingOf(ada, noon);
  assert.equal(followed, 1, 'another gallery was opened');
  standings[Symbol.dispose]();
  assert.equal(followed, 0);
});
