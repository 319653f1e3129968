import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AuditKeeper } from '../../daemon/core/audit/audit-keeper.js';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { SightingIntake } from '../../daemon/core/sightings/sighting-intake.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import { eventId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  enrolmentOf,
  fixedKey,
  noKey,
  providersOf,
  temporaryDirectory,
  testDimensions,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { proofByBlink, sightingOf } from '../support/sightings.js';
import { until } from '../support/until.js';

const retryMs = 2_000;

/** A gallery whose key can be removed and restored, with a sighting intake. */
async function open(t: TestContext) {
  const clock = new VirtualClock(1_000_000);
  const path = join(temporaryDirectory(t), 'gallery.db');
  let hasKey = true;
  const given = fixedKey(1);
  const secret = {
    ...given,
    recover: (...asked: Parameters<typeof given.recover>) => (hasKey ? given : noKey).recover(...asked),
  };
  const start = () =>
    GalleryVault.start({
      path,
      openFile: () => openGalleryFile({ path, auditKey: new Uint8Array(32).fill(5), clock }),
      audit: new AuditKeeper({ clock, logger: silentLogger }),
      providers: providersOf(secret) as never,
      recogniserFor: async () => ({ id: testRecogniser, dimensions: testDimensions }),
      clock,
      logger: silentLogger,
    });
  const first = await start();
  const personId = await first.gallery().addPerson(enrolmentOf('Ada', [1]), tester);
  await first[Symbol.asyncDispose]();
  hasKey = false;
  const vault = await start();
  const facts: Fact[] = [];
  const decider = new Decider({
    search: async (embedding, { count }) => vault.gallery().nearest(embedding, { count }),
    policy: { threshold: 0.5, margin: 0.05, minimumProbes: 1 },
    rules: {
      attendanceCooldownS: 0,
      unknownCooldownS: 0,
      attackCooldownS: 0,
      watchlistCooldownS: 60,
      watchlistRequires: 'none',
      unknownAfterS: 0,
    },
    directionOf: () => 'in',
    proofAt: () => proofByBlink,
    facts: {
      passageOfFact: () => undefined,
      write: () => undefined,
      record: (fact) => ({ id: eventId(`e-${facts.push(fact)}`) }),
      lastAttendanceMs: () => undefined,
      lastUnprovenMs: () => undefined,
      lastRefusedMs: () => undefined,
      lastWatchedMs: () => undefined,
      lastAmbiguousMs: () => undefined,
      lastAttackMs: () => undefined,
    },
    clock,
    random,
  });
  const intake = new SightingIntake({ decider, clock, logger: silentLogger });
  const putKeyBack = (): void => {
    hasKey = true;
  };
  return { clock, vault, intake, facts, personId, putKeyBack };
}

function live(): Sighting {
  return sightingOf({
    recogniser: testRecogniser,
    liveness: {
      verdict: 'live',
      reason: 'blinked',
      evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 3, frameCount: 40 },
    },
    probes: [{ capturedAtMs: 0, quality: 0.9, embedding: unitVector(1) }],
  });
}

const isWaiting = (intake: SightingIntake): Promise<void> =>
  until('the sealed gallery to be met', () => intake.problem?.code === 'gallery-sealed');

const hasWorked = (intake: SightingIntake): Promise<void> =>
  until('nothing to wait any more', () => intake.waitingCount === 0);

describe('sightings of a sealed gallery', () => {
  test('wait, and are identified after it is opened', async (t) => {
    const { clock, vault, intake, facts, personId, putKeyBack } = await open(t);
    intake.take(live());
    await isWaiting(intake);
    assert.equal(intake.waitingCount, 1);
    assert.equal(facts.length, 0);
    putKeyBack();
    assert.equal(await vault.unlock({}, tester), undefined);
    clock.advanceBy(retryMs);
    await hasWorked(intake);
    assert.deepEqual(
      facts.map((fact) => [fact.kind, 'personId' in fact ? fact.personId : undefined]),
      [['attendance', personId]],
    );
    await intake[Symbol.asyncDispose]();
    await vault[Symbol.asyncDispose]();
  });

  test('do not match a person who was erased before they were processed', async (t) => {
    const { clock, vault, intake, facts, personId, putKeyBack } = await open(t);
    intake.take(live());
    await isWaiting(intake);
    putKeyBack();
    await vault.unlock({}, tester);
    intake.forgetPerson(personId);
    vault.gallery().erasePerson(personId, tester);
    clock.advanceBy(retryMs);
    await hasWorked(intake);
    assert.doesNotMatch(JSON.stringify(facts), new RegExp(personId));
    await intake[Symbol.asyncDispose]();
    await vault[Symbol.asyncDispose]();
  });

  test('are counted as dropped if the daemon stops first', async (t) => {
    const { vault, intake } = await open(t);
    for (let sequence = 0; sequence < 3; sequence += 1) intake.take({ ...live(), sequence });
    await isWaiting(intake);
    await intake[Symbol.asyncDispose]();
    assert.equal(intake.counters.givenUp, 3);
    await vault[Symbol.asyncDispose]();
  });
});
