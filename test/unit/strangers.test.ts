import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { cameraId, passageId, recogniserId, strangerId } from '../../daemon/kernel/ids.js';
import { knownOf, OpenAppearances } from '../../daemon/kernel/strangers/open-appearances.js';
import {
  isLikely,
  likenessTo,
  meanView,
  merged,
  mostAppearances,
  mostViews,
  type Stranger,
  split,
  visitCount,
  visitGapMs,
  withAppearance,
} from '../../daemon/kernel/strangers/stranger.js';
import type { StrangerSight } from '../../daemon/kernel/strangers/stranger-book.js';
import { StrangerIndex } from '../../daemon/kernel/strangers/stranger-index.js';

/** A unit vector in the plane of two axes, at this angle in degrees. */
function at(degrees: number, axis = 0): Embedding {
  const embedding = new Float32Array(4);
  embedding[axis] = Math.cos((degrees * Math.PI) / 180);
  embedding[axis + 1] = Math.sin((degrees * Math.PI) / 180);
  return embedding;
}

const view = (degrees: number, quality = 0.8) => ({ embedding: at(degrees), quality });
const threshold = Math.cos((30 * Math.PI) / 180);
const recogniser = recogniserId('test');

function sightOf(passage: string, degrees: number, changes: Partial<StrangerSight> = {}): StrangerSight {
  return {
    passageId: passageId(passage),
    cameraId: cameraId('door'),
    recogniser,
    firstSeenMs: 0,
    lastSeenMs: 1000,
    views: [view(degrees)],
    threshold,
    ...changes,
  };
}

function book() {
  const index = new StrangerIndex();
  const open = new OpenAppearances(index, () => strangerId(`s-${index.size + 1}`));
  const see = (sight: StrangerSight): Stranger => {
    const { stranger } = open.sighted(sight);
    open.bind(sight.passageId, stranger.id);
    return index.put(stranger);
  };
  return { index, open, see };
}

describe('telling strangers apart', () => {
  test('a likeness is what more than half of the views reach, and the early answer agrees with it', () => {
    const views = [view(0), view(10), view(60), view(80)];
    assert.ok(Math.abs(likenessTo(at(0), views) - Math.cos((60 * Math.PI) / 180)) < 1e-6);
    assert.equal(likenessTo(at(0), []), -1);
    for (const degrees of [0, 20, 35, 45, 70, 90]) {
      for (const limit of [0.5, 0.7, threshold, 0.95]) {
        assert.equal(isLikely(at(degrees), views, limit), likenessTo(at(degrees), views) >= limit);
      }
    }
    assert.equal(isLikely(at(0), [], -1), false);
  });

  test('the mean of views gives the weighted mean of their similarities', () => {
    const mean = meanView([view(0, 1), view(90, 0.5)]);
    assert.ok(mean);
    const [like] = [likenessTo(mean, [view(0)])];
    assert.ok(like !== undefined && Math.abs(like - 1 / 1.5) < 1e-6);
    assert.equal(meanView([]), undefined);
  });

  test('one bad crop between two people joins them to nobody', () => {
    const { index, see } = book();
    const ada = see(sightOf('ada-1', 0)).id;
    assert.equal(see(sightOf('ada-2', 5)).id, ada);
    assert.equal(see(sightOf('ada-3', 8)).id, ada);
    // A blurred crop half-way to Grace still counts as Ada; Grace resembles this one view, but not Ada.
    assert.equal(see(sightOf('ada-bad', 32)).id, ada);
    const grace = see(sightOf('grace-1', 60)).id;
    assert.notEqual(grace, ada);
    assert.equal(see(sightOf('grace-2', 62)).id, grace);
    assert.equal(index.size, 2);
  });

  test('keeps the stranger of a passage while the face turns away, and joins the nearest of two', () => {
    const { see } = book();
    const ada = see(sightOf('ada-1', 0)).id;
    assert.equal(see(sightOf('ada-1', 70)).id, ada);
    const { see: again } = book();
    const first = again(sightOf('first', 0)).id;
    const second = again(sightOf('second', 40)).id;
    assert.notEqual(first, second);
    assert.equal(again(sightOf('between', 25)).id, second);
  });

  test('never compares views of two recognisers', () => {
    const { see } = book();
    const ada = see(sightOf('ada-1', 0)).id;
    assert.notEqual(see(sightOf('ada-2', 0, { recogniser: recogniserId('other') })).id, ada);
  });

  test('keeps a few good and different views, and overwrites the others', () => {
    const { index, see } = book();
    const given: Embedding[] = [];
    for (let passage = 0; passage < 12; passage += 1) {
      const views = [0, 1, 2, 3].map((step) => view(passage * 2 + step * 0.2, 0.5 + step / 10));
      given.push(...views.map(({ embedding }) => embedding));
      see(sightOf(`p-${passage}`, 0, { views }));
    }
    const [stranger] = index.values();
    assert.ok(stranger);
    assert.equal(index.size, 1);
    assert.equal(stranger.views.length, mostViews);
    const ofPassage = (id: string): number => stranger.views.filter(({ passageId: of }) => of === id).length;
    assert.ok(stranger.views.every(({ passageId: of }) => ofPassage(of) <= 3));
    assert.ok(
      given.every((embedding) => embedding.some((value) => value !== 0)),
      'the index owns copies',
    );
    const kept = stranger.views.map(({ embedding }) => embedding);
    index.remove(stranger.id);
    assert.ok(kept.every((embedding) => embedding.every((value) => value === 0)));
  });
});

describe('visits of a stranger', () => {
  const minute = 60_000;
  const passageAt = (passage: string, atMin: number, camera = 'door') => ({
    passageId: passageId(passage),
    cameraId: cameraId(camera),
    firstSeenMs: atMin * minute,
    lastSeenMs: atMin * minute + 1000,
  });
  const nobody: Stranger = {
    id: strangerId('s-1'),
    state: 'active',
    recogniser,
    views: [],
    appearances: [],
    earlierVisits: 0,
  };

  test('passages with short gaps are one visit, at whatever camera', () => {
    const gapMin = visitGapMs / minute;
    let stranger = nobody;
    for (const [index, atMin] of [0, gapMin - 1, 2 * gapMin - 2, 4 * gapMin].entries())
      stranger = withAppearance(stranger, passageAt(`p-${index}`, atMin, `camera-${index}`));
    assert.equal(visitCount(stranger), 2);
    const earlier = withAppearance(stranger, passageAt('earlier', -5 * gapMin));
    assert.equal(visitCount(earlier), 3, 'a passage that becomes known later is counted where it belongs');
  });

  test('visits of forgotten passages stay counted', () => {
    let stranger = nobody;
    for (let visit = 0; visit < mostAppearances + 20; visit += 1)
      stranger = withAppearance(stranger, passageAt(`p-${visit}`, visit * 30));
    assert.equal(stranger.appearances.length, mostAppearances);
    assert.equal(visitCount(stranger), mostAppearances + 20);
  });

  test('tells when and where the stranger was seen, and the last event at this camera of an earlier passage', () => {
    const { open, index, see } = book();
    see(sightOf('p-1', 0, { firstSeenMs: 1000, lastSeenMs: 2000 }));
    const recorded = open.recorded(passageId('p-1'), 2000);
    assert.ok(recorded);
    index.put(recorded);
    const elsewhere = sightOf('p-2', 2, { cameraId: cameraId('yard'), firstSeenMs: 5000, lastSeenMs: 6000 });
    assert.equal(knownOf(see(elsewhere), elsewhere).lastRecordedMs, undefined);
    const again = sightOf('p-3', 2, { firstSeenMs: 7000, lastSeenMs: 8000 });
    assert.deepEqual(knownOf(see(again), again), {
      stranger: {
        id: 's-1',
        visit: 1,
        firstSeenMs: 1000,
        cameras: [
          { cameraId: 'door', lastSeenMs: 8000 },
          { cameraId: 'yard', lastSeenMs: 6000 },
        ],
      },
      isIgnored: false,
      lastRecordedMs: 2000,
    });
    const first = sightOf('p-1', 0, { firstSeenMs: 1000, lastSeenMs: 9000 });
    assert.equal(knownOf(see(first), first).lastRecordedMs, undefined, 'a passage does not hold up itself');
  });

  test('merging adds up what both were, and splitting parts it again', () => {
    const { see } = book();
    const ada = see(sightOf('p-1', 0));
    const other = see(sightOf('p-2', 80, { firstSeenMs: 3_600_000, lastSeenMs: 3_601_000 }));
    const one = merged(ada, [{ ...other, state: 'ignored' }]);
    assert.equal(one.id, ada.id);
    assert.equal(one.state, 'active');
    assert.equal(one.views.length, 2);
    assert.equal(visitCount(one), 2);
    const parts = split(one, new Set([passageId('p-2')]), strangerId('s-new'));
    assert.ok(parts);
    assert.deepEqual(parts.rest.appearances, ada.appearances);
    assert.deepEqual(parts.taken.appearances, other.appearances);
    assert.equal(parts.taken.id, 's-new');
    assert.equal(split(one, new Set([passageId('p-1'), passageId('p-2')]), strangerId('s-new')), undefined);
  });
});
