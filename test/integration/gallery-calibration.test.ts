import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { type GalleryCalibrationReport, galleryOperations } from '../../daemon/contract/gallery.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { watchGalleryFit, watchRecogniserFit } from '../../daemon/core/conditions/calibration-fit.js';
import { Conditions } from '../../daemon/core/conditions/conditions.js';
import { GalleryCalibration } from '../../daemon/core/gallery/gallery-calibration.js';
import { type GalleryUpkeep, galleryHandlers } from '../../daemon/core/gallery/gallery-upkeep.js';
import type { OpenVault } from '../../daemon/core/gallery/gallery-vault.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { operational } from '../../daemon/kernel/errors.js';
import {
  calibrate,
  type EnrolledPerson,
  inseparablePairs,
  likenesses,
} from '../../daemon/kernel/identification/calibration.js';
import { type Embedding, similarityOf } from '../../daemon/kernel/identification/match.js';
import { cameraId, type PersonId, trackId } from '../../daemon/kernel/ids.js';
import type { LivenessAssessment } from '../../daemon/kernel/liveness/liveness.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { falseMatchesOf, lastMarks, type Mark } from '../../daemon/kernel/passages/mark.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { rollcall, withoutBuild } from '../support/box.js';
import {
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  type TestGallery,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { passageIdOf } from '../support/passage-fixture.js';
import { openTestRecords } from '../support/published-box.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

const policy = { threshold: 0.5, margin: 0.05 };
const targetFpir = 0.01;

const live: LivenessAssessment = {
  verdict: 'live',
  reason: 'blinked',
  evidence: {
    blinks: [{ atMs: 500, durationMs: 200 }],
    unboundBlinks: [],
    gestures: [],
    observedS: 1,
    frameCount: 15,
  },
};

/** A vector between two others: `share` of the second. */
function between(a: Embedding, b: Embedding, share: number): Embedding {
  const mixed = a.map((value, axis) => value * (1 - share) + (b[axis] ?? 0) * share);
  const length = Math.hypot(...mixed);
  return mixed.map((value) => value / length);
}

/** Two references of the face of this seed. */
const face = (seed: number): readonly Embedding[] => [
  between(unitVector(seed), unitVector(seed + 1000), 0.2),
  between(unitVector(seed), unitVector(seed + 2000), 0.2),
];

interface Opened {
  readonly opened: TestGallery;
  readonly calibration: GalleryCalibration;
  /** What `calibration` was made with. */
  readonly options: ConstructorParameters<typeof GalleryCalibration>[0];
  readonly clock: VirtualClock;
  /** The persons enrolled by `enrol`, as input of the pure part. */
  readonly persons: Map<PersonId, EnrolledPerson>;
  enrol(name: string, references: readonly Embedding[]): Promise<PersonId>;
  /** Changes the configured target without notifying the calibration. */
  configure(target: number | undefined): void;
  /** Gives the calibration marked false matches. */
  mark(marked: ReadonlyMap<PersonId, number>): void;
  seal(): void;
}

/** A gallery on the disk with `count` persons, and its calibration; null: no target. */
async function open(t: TestContext, configured: number | null = targetFpir, count = 12): Promise<Opened> {
  let target = configured ?? undefined;
  const clock = new VirtualClock(Date.UTC(2026, 2, 2, 8));
  const opened = await openTestGallery(galleryOptions(temporaryDirectory(t), { clock }));
  const persons = new Map<PersonId, EnrolledPerson>();
  const enrol = async (name: string, references: readonly Embedding[]): Promise<PersonId> => {
    const photographs = references.map((embedding, at) => ({
      jpeg: noiseJpeg(at, 200),
      embedding,
      quality: 0.9,
    }));
    const personId = await opened.gallery.addPerson({ profile: { name }, photographs }, tester);
    persons.set(personId, { personId, references });
    return personId;
  };
  for (let seed = 1; seed <= count; seed += 1) await enrol(`Person ${seed}`, face(seed));
  let falseMatches: ReadonlyMap<PersonId, number> = new Map();
  let vault: Partial<OpenVault> | undefined = { gallery: opened.gallery };
  const listeners = new Set<() => void>();
  const options: ConstructorParameters<typeof GalleryCalibration>[0] = {
    vault: {
      get open() {
        return vault as OpenVault | undefined;
      },
      requireOpen: () => {
        if (vault === undefined) throw operational('gallery-sealed', 'the gallery is sealed');
        return vault as OpenVault;
      },
      onChanged: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    audit: opened.file.audit,
    policy: () => policy,
    targetFpir: () => target,
    falseMatches: () => falseMatches,
    night: () => new Date(clock.wallMs()).toISOString().slice(0, 10),
    clock,
    logger: silentLogger,
  };
  const calibration = new GalleryCalibration(options);
  t.after(async () => {
    await calibration[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
  });
  const seal = (): void => {
    vault = undefined;
    for (const listener of listeners) listener();
  };
  const configure = (asked: number | undefined): void => {
    target = asked;
  };
  const mark = (marked: ReadonlyMap<PersonId, number>): void => {
    falseMatches = marked;
    calibration.followMarks();
  };
  return { opened, calibration, options, clock, persons, enrol, configure, mark, seal };
}

/** The result of the pure part for all enrolled persons. */
function expected({ persons }: Opened): ReadonlyMap<PersonId, number> {
  const found = calibrate(likenesses([...persons.values()]), {
    ...{ floor: policy.threshold, margin: policy.margin, targetFpir },
  });
  return new Map(found.map(({ personId, threshold }) => [personId, threshold]));
}

function assertInForce(box: Opened): void {
  for (const [personId, threshold] of expected(box)) {
    const found = box.calibration.thresholdOf(personId);
    assert.ok(Math.abs((found ?? 0) - threshold) < 1e-5, `${personId}: ${found}, expected ${threshold}`);
  }
}

describe('the calibration of a gallery', () => {
  test('puts the threshold in force that a comparison of all with all gives each person', async (t) => {
    const box = await open(t);
    await box.calibration.settled();
    assertInForce(box);
    assert.deepEqual(box.calibration.inseparable, []);
  });

  test('puts the threshold of a person above a false match that an operator marked, until it is taken back', async (t) => {
    const box = await open(t);
    const { calibration, persons, mark } = box;
    await calibration.settled();
    const [first = assert.fail(), second = assert.fail()] = persons.keys();
    const before = [first, second].map((id) => calibration.thresholdOf(id) ?? assert.fail());
    const above = (before[0] ?? 0) + 0.001;
    mark(new Map([[first, above]]));
    await calibration.settled();
    assert.ok((calibration.thresholdOf(first) ?? 0) > above);
    assert.equal(calibration.thresholdOf(second), before[1]);
    const { persons: reported } = await calibration.calibrate(tester);
    assert.equal(reported.find(({ personId }) => personId === first)?.reason, 'marked');
    mark(new Map());
    await calibration.settled();
    assert.equal(calibration.thresholdOf(first), before[0]);
  });

  test('says what a mark will do before it is made, and does exactly that', async (t) => {
    const { calibration, persons, mark } = await open(t);
    await calibration.settled();
    const [first = assert.fail()] = persons.keys();
    const before = calibration.thresholdOf(first) ?? assert.fail();
    for (const similarity of [before - 0.1, before + 0.001, 0.999]) {
      const effect = (await calibration.effectOf(first, similarity)) ?? assert.fail();
      assert.equal(calibration.thresholdOf(first), before, 'asking changes nothing');
      mark(new Map([[first, similarity]]));
      await calibration.settled();
      assert.deepEqual([effect.before, effect.after], [before, calibration.thresholdOf(first)]);
      const own = calibration.ownThresholdOf(first);
      assert.equal(own?.reason, effect.after > before ? 'marked' : own?.reason);
      assert.deepEqual(await calibration.effectOf(first, undefined), {
        ...effect,
        ...{ before: effect.after, after: before, lost: 0 },
      });
      mark(new Map());
      await calibration.settled();
      assert.equal(calibration.thresholdOf(first), before, 'taking back restores exactly');
    }
  });

  test('many marks raise a threshold no further than its bound, in any order', async (t) => {
    const { calibration, persons, mark } = await open(t);
    await calibration.settled();
    const [first = assert.fail(), second = assert.fail()] = persons.keys();
    const before = [first, second].map((id) => calibration.thresholdOf(id));
    const markedAt = (similarity: number, number: number): Mark => ({
      ...{ occurredAtMs: number, seenAtMs: number, cameraId: cameraId('gate'), was: 'stranger' },
      decided: {
        ...{ passageId: passageIdOf(number), outcome: 'attended', personId: first, similarity },
        recogniser: testRecogniser,
      },
    });
    const after = async (marks: readonly Mark[]): Promise<number | undefined> => {
      mark(falseMatchesOf(lastMarks(marks), testRecogniser));
      await calibration.settled();
      assert.equal(calibration.thresholdOf(second), before[1], 'nobody else is concerned');
      return calibration.thresholdOf(first);
    };
    const bound = (await after([markedAt(1, 1)])) ?? assert.fail();
    const [one = assert.fail(), other = assert.fail()] = persons.get(first)?.references ?? [];
    const similarity = similarityOf(one, other);
    assert.ok(bound <= similarity + 1e-5, `${bound}: the own photographs, ${similarity}, still match`);
    const many = Array.from({ length: 300 }, (_, number) => markedAt(0.5 + number / 1000, number));
    const all = await after([...many, markedAt(1, 300)]);
    assert.equal(all, bound);
    const some = await after(many.slice(0, 60));
    assert.equal(await after(many.slice(0, 60).reverse()), some);
    const takenBack = many.map((each) => ({ ...each, was: 'taken-back' as const }));
    assert.equal(await after([...many, ...takenBack]), before[0]);
    assert.equal(await after([]), before[0]);
  });

  test('follows enrolment, change, removal, restoration and erasure', async (t) => {
    const box = await open(t);
    const { calibration, persons, enrol, opened } = box;
    const { gallery } = opened;
    await calibration.settled();
    const [first] = persons.keys();
    assert.ok(first);
    const alone = calibration.thresholdOf(first) ?? 0;

    const likeFirst = await enrol(
      'Alike',
      face(1).map((own) => between(own, unitVector(77), 0.35)),
    );
    await calibration.settled();
    assertInForce(box);
    const beside = calibration.thresholdOf(first) ?? 0;
    assert.ok(beside > alone + 0.05, `${alone}, then ${beside}`);

    gallery.removePerson(likeFirst, tester);
    await calibration.settled();
    assert.equal(calibration.thresholdOf(likeFirst), undefined);
    assert.ok((calibration.thresholdOf(first) ?? 1) < beside);
    gallery.restorePerson(likeFirst, tester);
    await calibration.settled();
    assertInForce(box);

    const ownThreshold = { similarity: 0.9, recogniser: testRecogniser, reason: 'twin' };
    gallery.changeProfile(first, { name: 'First', threshold: ownThreshold }, tester);
    await calibration.settled();
    assert.equal(calibration.thresholdOf(first), 0.9);
    gallery.changeProfile(
      first,
      { name: 'First', threshold: { ...ownThreshold, recogniser: 'another' } },
      tester,
    );
    await calibration.settled();
    assert.ok(Math.abs((calibration.thresholdOf(first) ?? 0) - beside) < 1e-5, 'of another recogniser');

    gallery.erasePerson(likeFirst, tester);
    persons.delete(likeFirst);
    await calibration.settled();
    assertInForce(box);
  });

  test('uses the threshold of the box without a configured target', async (t) => {
    const { calibration, persons } = await open(t, null);
    await calibration.settled();
    for (const id of persons.keys()) assert.equal(calibration.thresholdOf(id), policy.threshold);
  });

  test('follows a changed target in the background; the former thresholds apply until then', async (t) => {
    const box = await open(t, 1e-12);
    const { calibration, persons, configure } = box;
    await calibration.settled();
    const [id] = persons.keys();
    assert.ok(id);
    const strict = calibration.thresholdOf(id);
    configure(targetFpir);
    calibration.followConfiguration();
    assert.equal(calibration.thresholdOf(id), strict);
    await calibration.settled();
    assertInForce(box);
    assert.notEqual(calibration.thresholdOf(id), strict);
    configure(1e-12);
    assert.notEqual(calibration.thresholdOf(id), strict, 'asking is enough to follow');
    await calibration.settled();
    assert.equal(calibration.thresholdOf(id), strict);
  });

  test('names inseparable pairs, and calls its listeners', async (t) => {
    const box = await open(t);
    const { calibration, persons, enrol } = box;
    await calibration.settled();
    let told = 0;
    calibration.onCalibrated(() => {
      told += 1;
    });
    const twin = await enrol('Twin', face(3));
    await calibration.settled();
    assert.equal(told, 1);
    const pairs = inseparablePairs(likenesses([...persons.values()]), policy);
    assert.deepEqual(
      calibration.inseparable.map(({ a, b }) => [a, b]),
      pairs.map(({ a, b }) => [a, b]),
    );
    assert.equal(pairs.length, 1);
    assert.ok(pairs[0]?.a === twin || pairs[0]?.b === twin);
  });

  for (const target of [null, targetFpir]) {
    test(`twins are ambiguous and get no attendance, and the box reports an unfit recogniser (target ${target})`, async (t) => {
      const box = await open(t, target);
      const { calibration, opened, enrol, persons, clock } = box;
      await using records = openTestRecords(join(temporaryDirectory(t), 'records.db'));
      await using conditions = new Conditions({ records, clock, logger: silentLogger });
      t.after(watchRecogniserFit({ calibration, conditions, logger: silentLogger }));
      await calibration.settled();
      assert.deepEqual(conditions.current(), []);

      const third = [...persons.keys()][2];
      assert.ok(third);
      const twin = await enrol(
        'Twin',
        face(3).map((own) => between(own, unitVector(55), 0.02)),
      );
      await calibration.settled();
      assert.deepEqual(conditions.current(), ['recogniser-unfit']);
      assert.deepEqual(conditions.about()['recogniser-unfit'], [third, twin].sort());

      const decider = new Decider({
        search: (embedding, { count }) => opened.gallery.nearest(embedding, { count }),
        policy: {
          ...{ ...policy, minimumProbes: 2 },
          thresholdOf: (id) => calibration.thresholdOf(id),
          isInseparable: (a, b) => calibration.isInseparable(a, b),
        },
        rules: testRules,
        ...{
          directionOf: () => 'in',
          proofAt: () => proofByBlink,
          facts: factStoreOf(records),
          clock,
          random,
        },
      });
      t.after(() => decider[Symbol.dispose]());
      const pass = (track: string, seed: number) =>
        decider.onSighting(
          sightingOf({
            ...{ trackId: trackId(track), isEnded: true, liveness: live },
            probes: face(seed).map((embedding) => ({ embedding, capturedAtMs: 1, quality: 0.9 })),
          }),
          (atMs) => clock.wallMs() + atMs,
        );
      const fact = (await pass('a-twin', 3)).recorded[0]?.fact;
      assert.ok(fact?.kind === 'recognised-ambiguous');
      assert.equal(fact.reason, 'inseparable-pair');
      assert.deepEqual(fact.candidates.map(({ personId }) => personId).sort(), [third, twin].sort());
      assert.equal((await pass('the-twin-again', 3)).suppressed[0]?.reason, 'ambiguous-cooldown');
      assert.equal((await pass('another', 5)).recorded[0]?.fact.kind, 'attendance');

      opened.gallery.erasePerson(twin, tester);
      await calibration.settled();
      assert.deepEqual(conditions.current(), []);
      assert.equal((await pass('no-twin-any-more', 3)).recorded[0]?.fact.kind, 'attendance');
      const told = records.list({ limit: 100 }).map(({ kind, payload }) => {
        const { data } = JSON.parse(Buffer.from(payload).toString('utf8'));
        return kind === 'box' ? `${data.condition} ${data.active} ${data.details.pairs ?? ''}`.trim() : kind;
      });
      assert.deepEqual(told, [
        'recogniser-unfit true 1',
        'recognised-ambiguous',
        'attendance',
        'recogniser-unfit false 0',
        'attendance',
      ]);
    });
  }

  test('runs by itself after an enrolment, says what the box expects, and finds the same after a restart', async (t) => {
    const box = await open(t, targetFpir, 10);
    const { calibration, opened, enrol, persons } = box;
    await calibration.settled();
    assert.deepEqual(
      [calibration.expectation?.targetFpir, calibration.expectation?.fpir],
      [targetFpir, undefined],
      'ten persons are too few for an estimate',
    );
    assert.equal(calibration.thresholdOf([...persons.keys()][0] ?? assert.fail()), 0.55, 'a safe threshold');

    await enrol('Eleventh', face(11));
    await calibration.settled();
    const expectation = calibration.expectation ?? assert.fail();
    assert.ok(expectation.fpir !== undefined && expectation.fpir <= targetFpir * 1.001);
    assert.ok(expectation.fnir !== undefined && expectation.fnir < 0.5);
    assertInForce(box);

    const again = new GalleryCalibration({ ...box.options, logger: silentLogger });
    await again.settled();
    for (const id of persons.keys()) assert.equal(again.thresholdOf(id), calibration.thresholdOf(id));
    // At the start each person is compared with the whole sample, which a person enrolled before the others was not.
    assert.ok(again.expectation?.fpir !== undefined && again.expectation.fpir <= targetFpir * 1.001);
    assert.ok(Math.abs((again.expectation.fnir ?? 1) - expectation.fnir) < 1e-3);
    await again[Symbol.asyncDispose]();
    assert.equal(opened.gallery.personCount, 11);
  });

  test('reports a gallery that does not allow the wanted error rates, until the target allows it', async (t) => {
    const box = await open(t, 1e-12);
    const { calibration, clock, persons, enrol, configure } = box;
    await using records = openTestRecords(join(temporaryDirectory(t), 'records.db'));
    await using conditions = new Conditions({ records, clock, logger: silentLogger });
    t.after(watchGalleryFit({ calibration, conditions, logger: silentLogger }));
    const likeFirst = face(1).map((own) => between(own, unitVector(77), 0.35));
    await enrol('Alike', likeFirst);
    for (const seed of [2, 3, 4, 5, 6]) {
      await enrol(
        `Wide ${seed}`,
        [1, 2].map((view) => between(unitVector(seed + 50), unitVector(seed + 60 * view), 0.48)),
      );
    }
    await calibration.settled();
    assert.ok((calibration.expectation?.fnir ?? 0) > 0.1, JSON.stringify(calibration.expectation));
    assert.deepEqual(conditions.current(), ['gallery-unfit']);
    assert.deepEqual(conditions.about()['gallery-unfit'], ['false-negatives']);
    configure(undefined);
    calibration.followConfiguration();
    await calibration.settled();
    assert.deepEqual(conditions.current(), []);
    assert.ok(persons.size > 11);
  });

  test('asks for a margin between persons who look alike', async (t) => {
    const { calibration, enrol, persons } = await open(t);
    const [first] = persons.keys();
    const alike = await enrol(
      'Alike',
      face(1).map((own) => between(own, unitVector(77), 0.55)),
    );
    await calibration.settled();
    assert.equal(calibration.alikeCount, 1);
    const margin = calibration.marginBetween(alike, first ?? assert.fail()) ?? 0;
    assert.ok(margin > 0.05 && margin <= 0.1, `${margin}`);
    const { alike: named } = await calibration.calibrate(tester);
    assert.deepEqual(named[0] && [[named[0].a.name, named[0].b.name].sort(), named[0].margin], [
      ['Alike', 'Person 1'],
      margin,
    ]);
  });

  test('reports each person with the reason, and is audited without names', async (t) => {
    const { calibration, enrol, opened } = await open(t);
    const twin = await enrol('Twin', face(3));
    const report = await calibration.calibrate(tester);
    assert.equal(report.persons.length, 13);
    assert.deepEqual([report.floor, report.targetFpir, report.recogniser], [0.5, targetFpir, testRecogniser]);
    assert.ok((report.expectedFpir ?? 1) <= targetFpir * 1.001);
    const shown = report.persons.find(({ personId }) => personId === twin);
    assert.equal(shown?.reason, 'neighbour');
    assert.deepEqual([shown?.name, shown?.references, shown?.neighbours[0]?.name], ['Twin', 2, 'Person 3']);
    assert.equal(report.alike.length, 1);
    assert.equal(report.alike[0]?.isSeparable, false);
    const [entry] = opened.file.audit.list({ action: 'gallery.calibrated', limit: 1 });
    assert.deepEqual(entry?.details, { persons: 13, alike: 1, inseparable: 1 });
    assert.equal(entry?.actor, tester.actor);
  });

  test('compares all persons again at night', async (t) => {
    const { calibration, clock } = await open(t);
    await calibration.settled();
    let told = 0;
    calibration.onCalibrated(() => {
      told += 1;
    });
    clock.advanceBy(6 * 60_000);
    await calibration.settled();
    assert.equal(told, 0, 'the same day');
    // Each check plans the next one at its end.
    for (let look = 0; look < 24 * 12 && told === 0; look += 1) {
      clock.advanceBy(5 * 60_000);
      await new Promise(setImmediate);
      await calibration.settled();
    }
    assert.equal(told, 1);
  });

  test('runs as a command whose exit code reports inseparable persons', {
    skip: withoutBuild,
  }, async (t) => {
    const { calibration, enrol, seal } = await open(t, null, 0);
    const directory = temporaryDirectory(t);
    const socketPath = join(directory, 'control.sock');
    // Only the calibration is asked for.
    const upkeep = { calibrate: (by: Actor) => calibration.calibrate(by) } as Partial<GalleryUpkeep>;
    await using _server = await startControlServer({
      ...{ socketPath, operations: galleryOperations, logger: silentLogger },
      handlers: galleryHandlers(upkeep as GalleryUpkeep, { note: () => undefined }),
    });
    const configPath = join(directory, 'rollcall.yaml');
    const config = { site: { id: 'here', timeZone: 'UTC' }, box: { id: 'box' }, control: { socketPath } };
    writeFileSync(configPath, stringify(config));
    const run = (...more: readonly string[]) =>
      rollcall(['gallery', 'calibrate', '--config', configPath, ...more]);

    const withoutPersons = await run();
    assert.equal(withoutPersons.exitCode, 0, withoutPersons.stderr);
    assert.match(withoutPersons.stdout, /^compared 0 persons by test-recogniser-1 in \d+\.\d s$/m);
    assert.doesNotMatch(withoutPersons.stdout, /nearest person/);

    const [ada = [], bea = []] = [face(1), face(2)];
    await enrol('Ada', ada.slice(0, 1));
    const ofOne = await run();
    assert.equal(ofOne.exitCode, 0, ofOne.stderr);
    for (const line of [
      /^threshold of the box: 0\.500; this is the lowest threshold of any person$/m,
      /^target: off, .*identification\.targetFpir sets a target/m,
      /^expected: unknown, because too few persons are enrolled \(fewer than 11\)$/m,
      /^person +threshold +why +missed +references +nearest person$/m,
      /^Ada +0\.500 +threshold of the box +- +1 +-$/m,
      /^no two persons look alike/m,
    ])
      assert.match(ofOne.stdout, line);

    await enrol('Twin of Ada', ada.slice(0, 1));
    await enrol('Bea', bea);
    const asJson = await run('--json');
    assert.equal(asJson.exitCode, 1, asJson.stderr);
    const { floor, persons, alike } = JSON.parse(asJson.stdout) as GalleryCalibrationReport;
    const nearest = new Map(persons.map((person) => [person.name, person.neighbours[0]?.name]));
    assert.deepEqual([floor, nearest.get('Ada'), nearest.get('Twin of Ada')], [0.5, 'Twin of Ada', 'Ada']);
    assert.deepEqual(
      persons.map(({ name, threshold, reason, references }) => [name, threshold, reason, references]).sort(),
      [
        ['Ada', 0.5, 'floor', 1],
        ['Bea', 0.5, 'floor', 2],
        ['Twin of Ada', 0.5, 'floor', 1],
      ],
    );
    assert.deepEqual(
      alike.map(({ a, b, isSeparable }) => [[a.name, b.name].sort(), isSeparable]),
      [[['Ada', 'Twin of Ada'], false]],
    );
    const asText = await run();
    assert.equal(asText.exitCode, 1, asText.stderr);
    assert.match(asText.stdout, /^Bea +0\.500 +threshold of the box +\S+ % +2 +\S.* -?0\.\d{3}$/m);
    assert.match(asText.stdout, /^1 pair of persons look alike to this box:$/m);
    assert.match(asText.stdout, /Ada +1\.000 +cannot be told apart$/m);
    assert.match(asText.stdout, /what to do: Enrol more photos of these persons/);

    seal();
    const sealed = await run();
    assert.equal(sealed.exitCode, 1, sealed.stdout);
    assert.match(sealed.stderr, /^error: the gallery is sealed$/m);
  });

  test('names persons only to callers who may read names, and notes who read them', async () => {
    const [ada, bea] = [
      { personId: 'p-1', name: 'Ada' },
      { personId: 'p-2', name: 'Bea' },
    ] as const;
    const report: GalleryCalibrationReport = {
      ...{ startedAt: '2026-03-02T08:00:00.000Z', durationMs: 1, recogniser: 'a-recogniser' },
      ...{ floor: 0.5, margin: 0.05 },
      persons: [
        {
          ...{ ...ada, references: 1, threshold: 0.5, reason: 'floor' },
          neighbours: [{ ...bea, similarity: 0.6, highest: 0.6 }],
        },
      ],
      alike: [{ a: ada, b: bea, similarity: 0.6, margin: 0.1, isSeparable: true }],
    };
    const upkeep = { calibrate: async () => report } as Partial<GalleryUpkeep>;
    const noted: NewAuditEntry[] = [];
    const handlers = galleryHandlers(upkeep as GalleryUpkeep, { note: (entry) => void noted.push(entry) });
    const answerFor = async (...scopes: readonly Scope[]) => {
      const origin = { actor: 'user:u-1', origin: 'test', provedAtMs: 'always', isLimited: true } as const;
      const caller = { ...origin, scopes: new Set(scopes) };
      const { signal } = new AbortController();
      const lines: unknown[] = [];
      for await (const line of await handlers['gallery.calibrate']({}, { caller, signal, requestId: 'r' })) {
        lines.push(line);
      }
      return JSON.stringify(lines);
    };
    const unnamed = await answerFor('gallery:write');
    assert.doesNotMatch(unnamed, /Ada|Bea|name/);
    assert.match(unnamed, /p-1.*p-2/);
    assert.equal(noted.length, 0);
    assert.match(await answerFor('gallery:write', 'names:read'), /Ada.*Bea/);
    assert.deepEqual(
      noted.map(({ by, action, details }) => [by.actor, action, details]),
      [['user:u-1', 'person.listed', { persons: 1 }]],
    );
  });

  test('is sent whole for 10,000 persons, and the event loop turns meanwhile', async (t) => {
    const persons = Array.from({ length: 10_000 }, (_, index) => ({
      ...{ personId: `p-${index}`, name: `Person ${index}`, references: 3, threshold: 0.5 },
      ...{ reason: 'floor' as const, neighbours: [] },
    }));
    const report: GalleryCalibrationReport = {
      ...{ startedAt: '2026-03-02T08:00:00.000Z', durationMs: 1, recogniser: 'a-recogniser' },
      ...{ floor: 0.5, margin: 0.05, persons, alike: [] },
    };
    const upkeep = { calibrate: async () => report } as Partial<GalleryUpkeep>;
    const socketPath = join(temporaryDirectory(t), 'control.sock');
    await using _server = await startControlServer({
      ...{ socketPath, operations: galleryOperations, logger: silentLogger },
      handlers: galleryHandlers(upkeep as GalleryUpkeep, { note: () => undefined }),
    });
    let turns = 0;
    let next = setImmediate(function turn() {
      turns += 1;
      next = setImmediate(turn);
    });
    t.after(() => clearImmediate(next));
    const kinds = new Map<string, number>();
    for await (const { kind } of await new ControlClient(socketPath).call('gallery.calibrate')) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries(kinds), { summary: 1, person: 10_000 });
    // The lines are some 900 KB, and about 32 KB are sent in one turn.
    assert.ok(turns > 25, `${turns} turns`);
  });

  test('reports nothing about a sealed gallery', async (t) => {
    const { calibration, persons, seal } = await open(t);
    await calibration.settled();
    seal();
    for (const id of persons.keys()) assert.equal(calibration.thresholdOf(id), undefined);
    assert.deepEqual(calibration.inseparable, []);
    await assert.rejects(calibration.calibrate(tester), { code: 'gallery-sealed' });
  });
});
