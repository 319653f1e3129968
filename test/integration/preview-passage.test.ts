import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Scope } from '../../daemon/contract/scopes.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { type PolicyPreviewOptions, previewPolicies } from '../../daemon/core/passages/policy-preview.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import type { LivenessAssessment } from '../../daemon/kernel/liveness/liveness.js';
import {
  assessLiveness,
  defaultLivenessPolicy,
  initialLiveness,
} from '../../daemon/kernel/liveness/liveness-verdict.js';
import { packedCurve } from '../../daemon/kernel/liveness/openness-curve.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import {
  type ChangedSettings,
  type PassagePreview,
  previewPassage,
  type SettingsInForce,
} from '../../daemon/kernel/passages/preview-passage.js';
import { attack, openStage, type Scene, type StageOptions } from '../support/passage-stage.js';

const inForce: SettingsInForce = { minimumProbes: 2, minimumBlinks: 1, attackAfterS: 7 };
const preview = (passage: Passage, changed: ChangedSettings): PassagePreview =>
  previewPassage(passage, changed, { inForce, standingOf: () => 'valid' });

/** A face with so many blinks, as the liveness code judges it with these settings. */
function seenWith(blinks: number, { minimumBlinks, attackAfterS }: ChangedSettings): LivenessAssessment {
  const seen = Array.from({ length: blinks }, (_, index) => ({ atMs: 300 * (index + 1), durationMs: 150 }));
  const state = {
    ...initialLiveness,
    blinks: seen,
    movedMs: [300],
    observedMs: 5_000,
    sampleCount: 60,
    raisedCount: 60,
    frameCount: 60,
  };
  return assessLiveness(state, {
    ...defaultLivenessPolicy,
    ...(minimumBlinks === undefined ? {} : { minimumBlinks }),
    ...(attackAfterS === undefined ? {} : { attackAfterS }),
  });
}

/** What the real decider makes of a scene with these settings. */
async function decided(
  scene: (settings: ChangedSettings) => Scene,
  settings: ChangedSettings,
  options: StageOptions = {},
): Promise<Passage> {
  const { threshold, margin, minimumProbes, require } = settings;
  await using stage = openStage({
    ...options,
    policy: {
      ...(threshold === undefined ? {} : { threshold }),
      ...(margin === undefined ? {} : { margin }),
      ...(minimumProbes === undefined ? {} : { minimumProbes }),
    },
    ...(require === undefined ? {} : { require }),
  });
  return await stage.pass(scene(settings));
}

const scenes: Readonly<Record<string, (settings: ChangedSettings) => Scene>> = {
  'a person who blinks': (settings) => ({ face: { ada: 0.7 }, liveness: seenWith(1, settings) }),
  'a person who blinks twice': (settings) => ({ face: { ada: 0.7 }, liveness: seenWith(2, settings) }),
  'a person who does not blink': (settings) => ({ face: { ada: 0.62 }, liveness: seenWith(0, settings) }),
  'a person near the threshold': (settings) => ({
    face: { ada: 0.53, grace: 0.2 },
    liveness: seenWith(1, settings),
  }),
  'a face just below the threshold': (settings) => ({ face: { ada: 0.46 }, liveness: seenWith(1, settings) }),
  'a face like two persons': (settings) => ({
    face: { ada: 0.6, grace: 0.57 },
    liveness: seenWith(1, settings),
  }),
  'a person in two views': (settings) => ({ face: { ada: 0.7 }, probes: 2, liveness: seenWith(1, settings) }),
  'a person in one view': (settings) => ({ face: { ada: 0.7 }, probes: 1, liveness: seenWith(1, settings) }),
  'a stranger': (settings) => ({ face: {}, stranger: 1, liveness: seenWith(1, settings) }),
  'a face that is too small': (settings) => ({
    face: { ada: 0.7 },
    faults: ['too-small'],
    liveness: seenWith(0, settings),
  }),
  'an attack by the passive model': () => ({ face: { ada: 0.7 }, liveness: attack('passive-model') }),
};

const changes: readonly ChangedSettings[] = [
  { threshold: 0.45 },
  { threshold: 0.55 },
  { threshold: 0.65 },
  { threshold: 0.8 },
  { margin: 0.01 },
  { margin: 0.2 },
  { minimumProbes: 1 },
  { minimumProbes: 3 },
  { minimumProbes: 4 },
  { require: 'not-attack' },
  { minimumBlinks: 2 },
  { attackAfterS: 20 },
  { threshold: 0.65, require: 'not-attack', minimumProbes: 3 },
];

describe('the preview of passages', () => {
  for (const [name, scene] of Object.entries(scenes)) {
    it(`says of ${name} what the decider does, or that it cannot say`, async () => {
      const recorded = await decided(scene, {});
      for (const changed of changes) {
        const said = preview(recorded, changed);
        const real = await decided(scene, changed);
        const about = `${JSON.stringify(changed)} of ${recorded.outcome} ${recorded.reason}`;
        if (said.kind === 'unknown') {
          assert.deepEqual(
            [said.doubt, Object.keys(changed)],
            ['ended-at-decision', ['minimumBlinks']],
            `${about}: only later blinks are unknown`,
          );
          continue;
        }
        assert.deepEqual(
          [said.outcome, said.reason, said.personId],
          [real.outcome, real.reason, real.personId],
          about,
        );
      }
    });
  }

  it('judges views that differ each by its own similarity', async () => {
    const pass = async (threshold: number): Promise<Passage> => {
      await using stage = openStage({ policy: { threshold } });
      const track = stage.enter({ face: { ada: 0.9 }, probes: 2 });
      await track.see();
      await track.see({ face: { ada: 0.52 }, probes: 3, liveness: seenWith(1, {}) });
      stage.clock.advanceBy(2_500);
      return await track.leave();
    };
    // The mean is 0.67, but at 0.6 only two of five views reach the threshold.
    const recorded = await pass(0.5);
    const real = await pass(0.6);
    const said = preview(recorded, { threshold: 0.6 });
    assert.equal(recorded.outcome, 'attended');
    assert.equal(real.reason, 'views-disagree');
    assert.deepEqual(said, { kind: 'changed', outcome: real.outcome, reason: real.reason });
  });

  it('leaves cooldowns as they were', async () => {
    await using stage = openStage();
    const scene: Scene = { face: { ada: 0.7 }, liveness: seenWith(1, {}) };
    await stage.pass(scene);
    const again = await stage.pass(scene);
    assert.equal(again.reason, 'attended-before');
    assert.deepEqual(preview(again, { threshold: 0.6 }), {
      ...{ kind: 'same', outcome: 'attended', reason: 'attended-before', personId: again.personId },
    });
    assert.equal(preview(again, { threshold: 0.75 }).kind, 'changed');
  });

  it('keeps what is certain of a person who is not valid', async () => {
    const scene = (): Scene => ({ face: { ada: 0.7 }, liveness: seenWith(1, {}) });
    const refused = await decided(scene, {}, { standing: 'barred' });
    assert.equal(refused.reason, 'barred');
    assert.equal(preview(refused, { require: 'not-attack' }).kind, 'same');
    const said = preview(refused, { threshold: 0.75 });
    assert.equal(said.kind === 'unknown' ? said.doubt : said.outcome, 'stranger');
  });

  it('says what a passage does not tell', async () => {
    const seen = await decided(() => ({ face: { ada: 0.7 }, liveness: seenWith(1, {}) }), {});
    const doubtOf = (passage: Passage, changed: ChangedSettings) => {
      const said = preview(passage, changed);
      return said.kind === 'unknown' ? said.doubt : said.kind;
    };
    assert.equal(doubtOf(seen, { require: 'challenge' }), 'not-asked');
    assert.equal(doubtOf(seen, { smallestFacePx: 121 }), 'best-view-too-small');
    const { best } = seen.views;
    assert.ok(best);
    const wide = { ...seen, views: { ...seen.views, best: { ...best, widthPx: 90 } } };
    assert.equal(doubtOf(wide, { smallestFacePx: 80 }), 'same');
    const { probeQualities: _, ...early } = seen;
    assert.equal(doubtOf(early, { threshold: 0.6 }), 'views-not-stored');
    assert.equal(
      doubtOf({ ...seen, outcome: 'stranger', reason: 'stranger' }, { threshold: 0.6 }),
      'not-explained',
    );
    const small = await decided(() => ({ face: { ada: 0.7 }, faults: ['too-small'] }), {});
    assert.equal(doubtOf(small, { smallestFacePx: 30 }), 'faces-not-compared');
    assert.equal(doubtOf(small, { smallestFacePx: 60 }), 'same');
    const picture = await decided(() => ({ face: { ada: 0.7 }, liveness: attack('still-picture') }), {});
    assert.equal(doubtOf(picture, { attackAfterS: 12 }), 'ended-at-decision');
    const still = await decided(() => ({ face: { ada: 0.7 }, liveness: seenWith(0, {}) }), {});
    assert.equal(doubtOf(still, { attackAfterS: 5 }), 'stillness-not-stored');
    assert.equal(doubtOf(still, { attackAfterS: 6 }), 'same');
    assert.equal(doubtOf(seen, { provingFps: 10 }), 'eyes-not-stored');
    const stranger = await decided(() => ({ face: {}, stranger: 1, liveness: seenWith(1, {}) }), {});
    assert.equal(doubtOf(stranger, { provingFps: 10 }), 'same', 'no number of blinks makes a stranger known');
    const openness = packedCurve(
      Array.from({ length: 300 }, (_, index) => ({ atMs: index * 33, eyes: 0.3 })),
    );
    assert.ok(openness);
    assert.equal(doubtOf({ ...picture, openness }, { provingFps: 15 }), 'same');
    assert.equal(doubtOf({ ...picture, openness }, { provingFps: 5 }), 'stillness-not-stored');
  });

  it('says of an asked person what a blink would have proven', async () => {
    const scene = (): Scene => ({ face: { ada: 0.7 }, liveness: seenWith(1, {}) });
    for (const challenge of ['passed', 'open', 'not-shown', 'refused'] as const) {
      const asked = await decided(scene, { require: 'challenge' }, { challenge });
      const real = await decided(scene, { require: 'blink' });
      const said = preview(asked, { require: 'blink' });
      assert.notEqual(said.kind, 'unknown');
      assert.equal(said.kind !== 'unknown' && said.outcome, real.outcome, challenge);
    }
  });
});

describe('the preview of a policy', () => {
  const watcher = { actor: 'user:u-1', origin: 'test', provedAtMs: 0, isLimited: true };
  const preparing = async (cameras?: readonly string[]) => {
    const stage = openStage();
    const audited: NewAuditEntry[] = [];
    const options: PolicyPreviewOptions = {
      journal: stage.records.passages,
      vault: { gallery: () => ({ showPerson: () => undefined }) },
      nameOf: (id) => id.toUpperCase(),
      readings: { note: (entry) => void audited.push(entry) },
      localTime: localTimeOf('Europe/Lisbon'),
      inForce: () => inForce,
    };
    const scopes: ReadonlySet<Scope> = new Set(['passages:read']);
    const caller = { ...watcher, scopes, ...(cameras === undefined ? {} : { cameras: new Set(cameras) }) };
    const { signal } = new AbortController();
    return {
      ...{ stage, audited },
      ask: (input: Parameters<typeof previewPolicies>[0]) => previewPolicies(input, options, caller, signal),
    };
  };

  it('counts the newest passages by outcome for two policies, and names those that change', async () => {
    const { stage, audited, ask } = await preparing();
    await using _ = stage;
    const liveness = seenWith(1, {});
    await stage.pass({ face: { ada: 0.9 }, liveness });
    await stage.pass({ face: { grace: 0.6 }, liveness });
    await stage.pass({ face: {}, stranger: 1, liveness });
    await stage.pass({ face: { ada: 0.7 }, camera: 'yard', liveness: seenWith(0, {}) });
    stage.enter({ face: { ada: 0.7 } });
    const answer = await ask({ last: 3, policies: [{ threshold: 0.65 }, { require: 'challenge' }] });
    const [stricter, asked] = answer.policies;
    assert.equal(answer.passages, 3, 'the passage in sight and the oldest one do not count');
    assert.deepEqual(answer.recorded, { attended: 1, stranger: 1, unproven: 1 });
    assert.deepEqual(stricter?.byOutcome, { stranger: 2, unproven: 1 });
    const [lost] = stricter?.changed ?? [];
    assert.deepEqual(
      [stricter?.changed.length, lost?.recorded, lost?.wouldBe],
      [
        1,
        { outcome: 'attended', reason: 'attended', person: { id: 'grace' } },
        { outcome: 'stranger', reason: 'below-threshold' },
      ],
    );
    assert.deepEqual(asked?.byOutcome, { stranger: 1 });
    assert.deepEqual(
      asked?.unknown.map(({ doubt }) => doubt),
      ['not-asked', 'not-asked'],
    );
    assert.deepEqual(
      audited.map(({ action, details }) => ({ action, details })),
      [{ action: 'passage.reported', details: { passages: 3, policies: 2 } }],
    );
  });

  it('shows a caller only their cameras', async () => {
    const { stage, ask } = await preparing(['yard']);
    await using _ = stage;
    await stage.pass({ face: { ada: 0.9 } });
    await stage.pass({ face: { ada: 0.9 }, camera: 'yard' });
    assert.equal((await ask({ last: 10, policies: [{}] })).passages, 1);
    await assert.rejects(ask({ camera: 'gate', last: 10, policies: [{}] }), { code: 'forbidden' });
  });
});
