import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cameraId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { type PassageReason, passageReasons } from '../../daemon/kernel/passages/passage-reason.js';
import {
  attack,
  doubt,
  live,
  openStage,
  type Scene,
  type StageOptions,
  why,
} from '../support/passage-stage.js';
import { openTestRecords } from '../support/published-box.js';

const ada = { face: { ada: 0.9 } } as const;
const told = new Set<PassageReason>();
/** Outcome, reason and sentence; the reason counts as staged. */
const explained = (passage: Passage): string => {
  told.add(passage.reason);
  return why(passage);
};

interface Staged {
  readonly title: string;
  readonly stage?: StageOptions;
  readonly scene: Scene;
  readonly why: string;
  readonly events?: number;
}

const inDoubt = (seconds: number, liveness = doubt()): Scene => ({ ...ada, seconds, liveness });
const eyes = (observedS: number) => doubt('observed-too-briefly', { observedS });
const unseen = (...faults: NonNullable<Scene['faults']>): Scene => ({ faults, seconds: 5 });

/** Passages of one person at an empty door. */
const staged: readonly Staged[] = [
  {
    title: 'a person who blinks',
    scene: { ...ada, liveness: live },
    why: 'attended, attended: recognised as Ada, 0.900; life proven: 1 blink in 1.5 s',
  },
  {
    title: 'a person at a camera that demands no proof',
    stage: { require: 'not-attack' },
    scene: inDoubt(9, eyes(8)),
    why: 'attended, attended-without-proof: recognised as Ada, 0.900; no attack was detected, and the camera demands no proof of life',
    events: 2,
  },
  {
    title: 'a person who does not blink',
    scene: inDoubt(12, eyes(9)),
    why: 'unproven, no-blink: recognised as Ada, 0.900; life not proven: 12 s in sight, no blink; the camera demands a blink',
  },
  {
    title: 'a person of whom nothing but the lids moves',
    scene: inDoubt(9, doubt('only-lids-moved', { blinks: [{ atMs: 400, durationMs: 200 }], observedS: 8 })),
    why: 'unproven, only-lids-moved: recognised as Ada, 0.900; life not proven: 9 s in sight, 1 blink, but nothing else in the face moved; the camera demands a blink',
  },
  {
    title: 'a person of whom the camera does not show whether the face moves',
    scene: inDoubt(9, doubt('movement-unclear', { blinks: [{ atMs: 400, durationMs: 200 }], observedS: 8 })),
    why: 'unproven, movement-unclear: recognised as Ada, 0.900; life not proven: 9 s in sight, 1 blink; it was not visible whether the face moved; the camera demands a blink',
  },
  {
    title: 'a person who keeps as still as a picture',
    scene: inDoubt(9, doubt('still-face', { observedS: 8 })),
    why: 'unproven, still-face: recognised as Ada, 0.900; life not proven: nothing in the face moved for 8 s; the camera demands a blink',
  },
  {
    title: 'a person who leaves before a blink',
    scene: inDoubt(2.1),
    why: 'unproven, seen-too-briefly: recognised as Ada, 0.900; life not proven: 2.1 s in sight, no blink; the camera demands a blink',
  },
  {
    title: 'a person who turns away after the blink',
    scene: inDoubt(5, doubt('observed-too-briefly', { unboundBlinks: [{ atMs: 400, durationMs: 200 }] })),
    why: 'unproven, blink-not-bound: recognised as Ada, 0.900; life not proven: 5 s in sight; a blink was seen, but no good view after it showed who blinked; the camera demands a blink',
  },
  {
    title: 'a person with eyes in shade',
    scene: inDoubt(6, doubt('eyes-not-seen-well')),
    why: 'unproven, eyes-not-seen: recognised as Ada, 0.900; life not proven: 6 s in sight, the eyes were not seen well enough; the camera demands a blink',
  },
  {
    title: 'a person close to the camera',
    scene: inDoubt(6, doubt('too-close')),
    why: 'unproven, too-close: recognised as Ada, 0.900; life not proven: 6 s in sight, the face was too close to the camera; the camera demands a blink',
  },
  {
    title: 'a person at the edge of the picture',
    scene: inDoubt(6, doubt('cut-off')),
    why: 'unproven, cut-off: recognised as Ada, 0.900; life not proven: a part of the face was outside the picture; the camera demands a blink',
  },
  {
    title: 'a person who does not pass the challenge',
    stage: { require: 'challenge', challenge: 'open' },
    scene: { ...ada, seconds: 20, liveness: live },
    why: 'unproven, challenge-not-passed: recognised as Ada, 0.900; life not proven: 20 s in sight, no challenge was passed; the camera demands a challenge',
  },
  {
    title: 'a challenge without a screen',
    stage: { require: 'challenge', challenge: 'not-shown' },
    scene: { ...ada, seconds: 20, liveness: live },
    why: 'unproven, challenge-not-shown: recognised as Ada, 0.900; life not proven: no screen could show the prompt; the camera demands a challenge',
  },
  {
    title: 'a person who fails three challenges',
    stage: { require: 'challenge', challenge: 'refused' },
    scene: { ...ada, seconds: 20, liveness: live },
    why: 'attack, challenge-failed: the face of Ada, 0.900; the face did not do what was asked in three challenges',
  },
  {
    title: 'a photograph of a person',
    scene: { ...ada, seconds: 9, liveness: attack('still-picture') },
    why: 'attack, still-picture: the face of Ada, 0.900; a presented picture: the face moved as a whole and showed no life for 7.2 s',
  },
  {
    title: 'a screen that the passive model notices',
    scene: { ...ada, seconds: 9, liveness: attack('passive-model') },
    why: 'attack, passive-model: the face of Ada, 0.900; the passive model found a picture, a screen or a mask: 0.12 of 1',
  },
  {
    title: 'a stranger',
    scene: { face: { ada: 0.2 }, seconds: 4, liveness: live },
    why: 'stranger, stranger: no enrolled person matches: the nearest, Ada, has 0.200 of 0.50',
  },
  {
    title: 'a person in a bad view, just below the threshold',
    scene: { face: { ada: 0.46 }, seconds: 4, liveness: live },
    why: 'stranger, below-threshold: below the threshold: the nearest, Ada, has 0.460 of 0.50',
  },
  {
    title: 'a person below a stricter own threshold',
    stage: { policy: { thresholdOf: () => 0.6 } },
    scene: { face: { ada: 0.55 }, seconds: 4, liveness: live },
    why: 'stranger, below-own-threshold: below the own threshold of the nearest person: the nearest, Ada, has 0.550 of 0.60',
  },
  {
    title: 'a face at a box without people',
    stage: { people: [] },
    scene: { seconds: 4, liveness: live },
    why: 'stranger, gallery-empty: no person is enrolled with whom the face could be compared',
  },
  {
    title: 'a look-alike of two people',
    scene: { face: { ada: 0.66, grace: 0.64 }, seconds: 4, liveness: live },
    why: 'ambiguous, within-margin: Ada, 0.660, and Grace, 0.640 matched within the margin of 0.05',
  },
  {
    title: 'a look-alike who does not prove life',
    scene: { face: { ada: 0.66, grace: 0.64 }, seconds: 4 },
    why: 'ambiguous, within-margin: Ada, 0.660, and Grace, 0.640 matched within the margin of 0.05',
    events: 0,
  },
  {
    title: 'one person of a pair that the recogniser cannot tell apart',
    stage: { policy: { isInseparable: () => true } },
    scene: { face: { ada: 0.8, grace: 0.55 }, seconds: 4, liveness: live },
    why: 'ambiguous, inseparable-pair: Ada, 0.800, and Grace, 0.550 matched, and the recogniser cannot tell them apart',
  },
  {
    title: 'a small face',
    scene: unseen('too-small'),
    why: 'undecided, too-small: too small: 31 px of 40; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a face in the dark',
    scene: unseen('dark'),
    why: 'undecided, dark: too dark: brightness 18 of 25; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a face in bright light',
    scene: unseen('overexposed'),
    why: 'undecided, overexposed: overexposed; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a turned face',
    scene: unseen('turned-away'),
    why: 'undecided, turned-away: turned away: 48 degrees to the side, at most 35; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a covered face',
    scene: unseen('occluded'),
    why: 'undecided, occluded: the face was covered; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a blurred face',
    scene: unseen('blurred'),
    why: 'undecided, blurred: blurred: sharpness 0.05 of 0.10; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'half a face at the edge of the picture',
    scene: unseen('cut-off'),
    why: 'undecided, cut-off: a part of the face was outside the picture; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a small face in the dark: size comes first',
    scene: unseen('dark', 'too-small'),
    why: 'undecided, too-small: too small: 31 px of 40; in 8 of 8 views',
    events: 0,
  },
  {
    title: 'a face that turns once',
    scene: { ...ada, probes: 1, seconds: 0.8 },
    why: 'undecided, too-few-views: too few good views: 1 of 8 views, 0.8 s in sight',
    events: 0,
  },
];

describe('staged passages', () => {
  for (const { title, stage, scene, why: expected, events = 1 } of staged) {
    test(title, async () => {
      await using box = openStage(stage);
      const passage = await box.pass(scene);
      assert.equal(explained(passage), expected);
      assert.equal(passage.events.length, events);
      assert.equal(passage.end, 'left');
      assert.equal(passage.lastSeenMs - passage.startedAtMs, (scene.seconds ?? 2.1) * 1000);
    });
  }

  test('a person who comes again, with and without a blink', async () => {
    await using box = openStage();
    const { id } = await box.pass({ ...ada, liveness: live });
    box.clock.advanceBy(17_900);
    const again = await box.pass({ ...ada, liveness: live });
    assert.equal(
      explained(again),
      'attended, attended-before: recognised as Ada, 0.900; an attendance was recorded 20 s before; cooldown 300 s',
    );
    assert.deepEqual([again.events, again.cooldown?.passageId], [[], id]);
    const silent = await box.pass(inDoubt(4));
    assert.deepEqual(
      [silent.outcome, silent.reason, silent.cooldown?.passageId],
      [...['unproven', 'attended-before', id]],
    );
  });

  test('a person who twice does not blink: each passage names the missing proof', async () => {
    await using box = openStage();
    const first = await box.pass(inDoubt(12, eyes(9)));
    const second = await box.pass(inDoubt(12, eyes(9)));
    assert.deepEqual([second.outcome, second.reason, second.events], ['unproven', 'no-blink', []]);
    assert.equal(second.cooldown?.passageId, first.id);
  });

  test('a stranger who comes again, another stranger, and another camera', async () => {
    await using box = openStage();
    const stranger = { seconds: 4, liveness: live };
    const { id } = await box.pass(stranger);
    box.clock.advanceBy(16_000);
    assert.equal(
      explained(await box.pass(stranger)),
      `stranger, stranger-before: same unknown person as passage ${id} 20 s before; cooldown 60 s`,
    );
    assert.equal((await box.pass({ ...stranger, stranger: 1 })).reason, 'stranger');
    assert.equal((await box.pass({ ...stranger, camera: 'yard' })).reason, 'stranger');
  });

  test('a stranger whom an operator told the box to ignore', async () => {
    const nothing = (): void => undefined;
    const see = () => ({ isIgnored: true });
    const ownerOf = () => undefined;
    const strangers = { count: 1, see, ownerOf, noteRecorded: nothing, withdraw: nothing, end: nothing };
    await using box = openStage({ strangers });
    const passage = await box.pass({ seconds: 4, liveness: live });
    assert.equal(
      explained(passage),
      'stranger, stranger-ignored: an unknown person whom the box was told to ignore',
    );
    assert.deepEqual(passage.events, []);
  });

  test('an attack and a look-alike again', async () => {
    await using box = openStage();
    const picture = { seconds: 9, liveness: attack('still-picture') };
    const track = box.enter(picture);
    await track.see();
    box.clock.advanceBy(9000);
    await track.see();
    const shown = await track.leave({ liveness: doubt() });
    assert.equal(shown.liveness.verdict, 'attack', 'doubt that came later does not change what was seen');
    const again = await box.pass(picture);
    assert.equal(explained(again), 'attack, attack-before: an attack was reported 9 s before; cooldown 60 s');
    const either = { face: { ada: 0.66, grace: 0.64 }, seconds: 4, liveness: live };
    await box.pass(either);
    assert.equal(
      explained(await box.pass(either)),
      'ambiguous, ambiguous-before: Ada, 0.660, and Grace, 0.640 matched, as reported 4 s before; cooldown 300 s',
    );
  });

  test('a person who is not valid, or barred, is recognised and gets no attendance', async () => {
    for (const [standing, text] of [
      ['expired', 'the person is no longer valid'],
      ['not-yet-valid', 'the person is not valid yet'],
      ['barred', 'the person is barred'],
    ] as const) {
      await using box = openStage({ standing });
      const passage = await box.pass({ ...ada, seconds: 4, liveness: live });
      assert.equal(explained(passage), `refused, ${standing}: recognised as Ada, 0.900; ${text}`);
      assert.equal(
        box.records.list({ limit: 9 }).some(({ kind }) => kind === 'attendance'),
        false,
      );
      assert.equal(passage.events.length, 1);
      const again = await box.pass({ ...ada, seconds: 4, liveness: live });
      assert.deepEqual([again.reason, again.events, again.cooldown?.passageId], [standing, [], passage.id]);
      const picture = await box.pass({ ...ada, seconds: 9, liveness: attack('still-picture') });
      assert.deepEqual(
        [picture.outcome, picture.reason],
        ['attack', 'still-picture'],
        'a picture stays an attack',
      );
    }
  });

  test('a person who is removed in sight, before and after the attendance', async () => {
    for (const liveness of [doubt(), live]) {
      await using box = openStage();
      const track = box.enter({ ...ada, liveness });
      await track.see();
      box.clock.advanceBy(2_000);
      box.remove('ada');
      const passage = await track.leave();
      assert.equal(
        explained(passage),
        'refused, withdrawn: the person was removed from the gallery while the face was in sight',
      );
      assert.doesNotMatch(JSON.stringify(passage), /"ada"/, 'the passage does not name the person');
    }
  });

  test('a person whom the box takes for a stranger from afar is the person nearby', async () => {
    await using box = openStage();
    const track = box.enter({ face: { ada: 0.2 }, liveness: doubt() });
    await track.see();
    box.clock.advanceBy(3_000);
    await track.see({ probes: 0 });
    assert.equal(box.decider.openPassages(cameraId('gate'))[0]?.outcome, 'stranger');
    await track.see({ ...ada, probes: 20 });
    const now = box.decider.openPassages(cameraId('gate'));
    assert.deepEqual(
      now.map(({ outcome, reason, events, end }) => [outcome, reason, events.length, end]),
      [['unproven', 'seen-too-briefly', 1, undefined]],
      'what stands in the way now',
    );
    const passage = await track.leave({ ...ada, probes: 0, liveness: live });
    assert.deepEqual([passage.reason, passage.events.length], ['attended', 2]);
  });

  test('two people who cross: one track that shows both, or a track for each', async () => {
    await using box = openStage();
    const track = box.enter({ face: { ada: 0.9 }, liveness: live });
    await track.see({ probes: 1, liveness: doubt() });
    await track.see({ face: { grace: 0.9 }, probes: 1, liveness: doubt() });
    const both = await track.leave({ liveness: doubt() });
    assert.equal(
      explained(both),
      'undecided, views-disagree: the views do not agree on one person; the nearest are Ada, 0.450; Grace, 0.450',
    );

    const first = await box.pass({ ...ada, liveness: live }, 'another-face');
    const second = await box.pass({ face: { grace: 0.9 }, liveness: live });
    assert.deepEqual([first.personId, first.end, first.reason], ['ada', 'another-face', 'attended']);
    assert.deepEqual([second.personId, second.end, second.reason], ['grace', 'left', 'attended']);
  });

  test('a camera, a vision process or a box that stops before a decision', async () => {
    await using box = openStage();
    const lost = await box.pass(inDoubt(1.5), 'source-ended');
    assert.equal(
      explained(lost),
      'unproven, camera-lost: recognised as Ada, 0.900; life not proven: the camera stopped delivering after 1.5 s',
    );
    const unseenThen = await box.pass({ probes: 0, seconds: 0.4 }, 'source-ended');
    assert.deepEqual([unseenThen.outcome, unseenThen.reason], ['undecided', 'camera-lost']);
    const dark = await box.pass({ ...unseen('dark') }, 'source-ended');
    assert.equal(dark.reason, 'dark', 'what was wrong before stays the reason');

    const killed = box.enter({ probes: 0 });
    await killed.see();
    const [open] = box.decider.openPassages(cameraId('gate'));
    assert.ok(open);
    assert.equal(box.whatIsStored(open).end, undefined, 'it is stored before any embedding');
    await box.decider.forgetCamera(cameraId('gate'));
    assert.equal(
      explained(box.whatIsStored(open)),
      'undecided, vision-stopped: the vision process stopped, or closed the camera, after 0 s',
    );

    box.decider.stopping();
    const stopped = await box.pass({ probes: 0, seconds: 1 }, 'vision-stopped');
    assert.equal(explained(stopped), 'undecided, box-stopped: the box stopped after 1 s');
  });

  test('a box that is killed: the next start ends the passage', async () => {
    await using box = openStage();
    await box.enter({ probes: 0 }).see();
    const [open] = box.decider.openPassages(cameraId('gate'));
    assert.ok(open);
    await using next = openTestRecords(box.path);
    assert.equal(next.passages.endOpen(), 1);
    assert.equal(box.whatIsStored(open).end, 'box-stopped');
  });

  test('every reason is staged', () => {
    assert.deepEqual(
      passageReasons.filter((reason) => !told.has(reason)),
      [],
    );
  });
});
