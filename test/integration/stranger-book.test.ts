import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { cameraId, personId, trackId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  enrolmentOf,
  galleryOptions,
  openTestGallery,
  type TestGallery,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

const minute = 60_000;

/** A decider over the strangers of a gallery, with passages of faces that have a seed. */
class Door {
  readonly clock = new VirtualClock(1_700_000_000_000);
  readonly facts = memoryFacts();
  readonly rules = testRules;
  isKept = true;
  /** The enrolled face. */
  enrolled = -1;
  #count = 0;

  decide(opened: TestGallery): Decider {
    const { clock, facts, rules } = this;
    return new Decider({
      search: async (embedding) => {
        const isEnrolled = embedding[0] === unitVector(this.enrolled)[0];
        return isEnrolled ? [{ personId: personId('person-1'), similarity: 0.9 }] : [];
      },
      policy: { threshold: 0.55, margin: 0.05, minimumProbes: 1 },
      ...{ rules, facts, clock, random: systemRandom },
      directionOf: () => 'in',
      proofAt: () => proofByBlink,
      strangers: () => (this.isKept ? opened.gallery.strangers : undefined),
    });
  }

  /** Somebody comes and goes. Returns the passage. */
  async pass(decider: Decider, seed: number, camera = 'door'): Promise<Passage> {
    this.#count += 1;
    const { ended } = await decider.onSighting(
      sightingOf({
        trackId: trackId(`track-${this.#count}`),
        cameraId: cameraId(camera),
        recogniser: testRecogniser,
        probes: [{ capturedAtMs: 0, embedding: unitVector(seed), quality: 0.8 }],
        isEnded: true,
      }),
      () => this.clock.wallMs(),
    );
    assert.ok(ended);
    return ended;
  }
}

async function opened(t: TestContext, directory: string): Promise<TestGallery> {
  const gallery = await openTestGallery(galleryOptions(directory));
  t.after(() => gallery[Symbol.asyncDispose]());
  return gallery;
}

describe('strangers whom the gallery keeps', () => {
  test('have one id and count visits over cameras and a restart, and the cooldown survives it', async (t) => {
    const directory = temporaryDirectory(t);
    const door = new Door();
    let id: string | undefined;
    {
      await using gallery = await openTestGallery(galleryOptions(directory));
      using decider = door.decide(gallery);
      const first = await door.pass(decider, 1);
      id = first.stranger?.id;
      assert.deepEqual([first.reason, first.stranger?.visit], ['gallery-empty', 1]);
      assert.deepEqual((await door.pass(decider, 1, 'yard')).stranger, { id, visit: 1 });
      assert.notEqual((await door.pass(decider, 2)).stranger?.id, id);
    }
    const gallery = await opened(t, directory);
    using decider = door.decide(gallery);
    door.clock.advanceBy(30_000);
    const soon = await door.pass(decider, 1);
    assert.deepEqual([soon.reason, soon.stranger?.id, soon.events], ['stranger-before', id, []]);
    assert.deepEqual(soon.cooldown?.elapsedS, 30);
    door.clock.advanceBy(20 * minute);
    assert.deepEqual((await door.pass(decider, 1)).stranger, { id, visit: 2 });
    const told = door.facts.all.flatMap((fact) => (fact.kind === 'unknown' ? [fact.stranger] : []));
    assert.deepEqual(
      told.map((stranger) => [stranger?.id === id, stranger?.visit, stranger?.cameras.length]),
      [
        [true, 1, 1],
        [true, 1, 2],
        [false, 1, 1],
        [true, 2, 2],
      ],
    );
  });

  test('cause no event once they are ignored, and the passage says so', async (t) => {
    const door = new Door();
    const gallery = await opened(t, temporaryDirectory(t));
    using decider = door.decide(gallery);
    const { stranger } = await door.pass(decider, 1);
    assert.ok(stranger);
    gallery.gallery.strangers.setIgnored(stranger.id, true, tester);
    door.clock.advanceBy(60 * minute);
    const ignored = await door.pass(decider, 1);
    assert.deepEqual(
      [ignored.outcome, ignored.reason, ignored.events, ignored.stranger?.visit],
      ['stranger', 'stranger-ignored', [], 2],
    );
    assert.equal(door.facts.all.length, 1);
  });

  test('who are merged, discarded or assigned in sight are gone from the passage, and do not come back with it', async (t) => {
    const door = new Door();
    const gallery = await opened(t, temporaryDirectory(t));
    const { strangers } = gallery.gallery;
    using decider = door.decide(gallery);
    const see = async (seed: number, sequence: number) => {
      const camera = { trackId: trackId(`in-sight-${seed}`), cameraId: cameraId('door'), lastSeenMs: 2_000 };
      const probes = [{ capturedAtMs: sequence, embedding: unitVector(seed), quality: 0.8 }];
      const sighting = { ...camera, recogniser: testRecogniser, sequence, probes, isEnded: sequence === 1 };
      const { ended } = await decider.onSighting(sightingOf(sighting), () => door.clock.wallMs());
      return ended ?? decider.openPassages(cameraId('door')).at(-1);
    };
    const known = (await door.pass(decider, 9)).stranger?.id;
    const [, two, three, four] = [await see(1, 0), await see(2, 0), await see(3, 0), await see(4, 0)].map(
      (open) => open?.stranger?.id,
    );
    const one = strangers.list().find(({ id }) => ![known, two, three, four].includes(id))?.id;
    assert.ok(known && one && two && three && four);
    strangers.merge([known, one], tester);
    strangers.setAside(two, { change: 'discarded' }, tester);
    strangers.setAside(three, { change: 'assigned', personId: personId('p-1') }, tester);
    strangers.forget(two);
    strangers.forget(three);
    const erased = await gallery.gallery.addPerson(enrolmentOf('Ada Lovelace', [30]), tester);
    strangers.setAside(four, { change: 'assigned', personId: erased }, tester);
    decider.forgetPerson(erased);
    gallery.gallery.erasePerson(erased, tester);
    const ended = [await see(1, 1), await see(2, 1), await see(3, 1)];
    // The camera goes while the passage is open.
    ended.push((await decider.forgetCamera(cameraId('door'))).find(({ end }) => end !== 'left'));
    assert.deepEqual(
      ended.map((passage) => [passage?.outcome, passage?.stranger?.id, passage?.assignedTo]),
      [
        ['stranger', known, undefined],
        ['stranger', undefined, undefined],
        ['stranger', undefined, 'p-1'],
        ['stranger', undefined, undefined],
      ],
    );
    assert.deepEqual(
      strangers.list().map(({ id }) => id),
      [known],
    );
  });

  test('are forgotten when the face turns out to be enrolled, and where the box keeps none', async (t) => {
    const door = new Door();
    const gallery = await opened(t, temporaryDirectory(t));
    using decider = door.decide(gallery);
    const track = {
      ...{ trackId: trackId('approaching'), cameraId: cameraId('door'), recogniser: testRecogniser },
      lastSeenMs: 2_000,
    };
    const see = (seed: number, sequence: number, count: number) =>
      decider.onSighting(
        sightingOf({
          ...{ ...track, sequence, isEnded: sequence === 1 },
          probes: Array.from({ length: count }, () => ({
            ...{ capturedAtMs: sequence, embedding: unitVector(seed), quality: 0.8 },
          })),
        }),
        () => door.clock.wallMs(),
      );
    await see(1, 0, 1);
    assert.equal(gallery.gallery.strangers.count, 1);
    door.enrolled = 2;
    await see(2, 1, 12);
    assert.deepEqual(
      door.facts.all.map(({ kind }) => kind),
      ['unknown', 'recognised-unproven'],
    );
    assert.equal(gallery.gallery.strangers.count, 0);

    door.isKept = false;
    const first = await door.pass(decider, 3);
    assert.deepEqual([first.outcome, first.stranger], ['stranger', undefined]);
    assert.equal((await door.pass(decider, 3)).reason, 'stranger-before');
    assert.deepEqual([gallery.gallery.strangers.count, decider.strangerCount], [0, 1]);
    assert.ok(
      door.facts.all.every(
        (fact) => fact.kind !== 'unknown' || fact.stranger === undefined || fact === door.facts.all[0],
      ),
    );
  });
});
