import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  defaultViewPolicy,
  emptyViewHistory,
  isProbe,
  pickView,
  purposeOfView,
  recordEmbedding,
  type ViewPurpose,
} from '../../daemon/kernel/faces/best-views.js';

const policy = defaultViewPolicy;

function good(atMs: number, score = 0.7) {
  return { atMs, quality: { score, reasons: [] }, urgency: 'none' } as const;
}

describe('purposeOfView', () => {
  test('embeds the first good view and never a bad one', () => {
    assert.equal(purposeOfView(emptyViewHistory, good(0), policy), 'first-probe');
    const blurred = { atMs: 0, quality: { score: 0.9, reasons: ['blurred'] }, urgency: 'none' } as const;
    assert.equal(purposeOfView(emptyViewHistory, blurred, policy), undefined);
  });

  test('takes a clearly better view soon, an equal one later', () => {
    const history = recordEmbedding(emptyViewHistory, { atMs: 0, score: 0.5, isProbe: true });
    assert.equal(purposeOfView(history, good(100, 0.9), policy), undefined);
    assert.equal(purposeOfView(history, good(250, 0.9), policy), 'better-view');
    assert.equal(purposeOfView(history, good(250, 0.5), policy), undefined);
    assert.equal(purposeOfView(history, good(700, 0.5), policy), 'more-probes');
  });

  test('does not wait if there is a blink to bind or a doubt to settle', () => {
    const history = recordEmbedding(emptyViewHistory, { atMs: 0, score: 0.5, isProbe: true });
    assert.equal(
      purposeOfView(history, { ...good(10), urgency: 'movement-to-bind' }, policy),
      'bind-movement',
    );
    assert.equal(purposeOfView(history, { ...good(10), urgency: 'doubtful-face' }, policy), 'settle-doubt');
  });

  test('embeds a face that stays a bounded number of times a second and sends a bounded number of probes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 450, maxLength: 450 }),
        (scores) => {
          let history = emptyViewHistory;
          let embeddings = 0;
          let probes = 0;
          scores.forEach((score, n) => {
            const atMs = n * 67;
            const purpose = purposeOfView(history, good(atMs, score), policy);
            if (purpose === undefined) return;
            embeddings += 1;
            const counts = isProbe(purpose, history, policy);
            if (counts) probes += 1;
            history = recordEmbedding(history, { atMs, score, isProbe: counts });
          });
          assert.ok(embeddings <= 40, `${embeddings} embeddings in 30 s`);
          assert.ok(probes <= policy.enoughProbes + Math.ceil(1 / policy.improvement));
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('pickView', () => {
  test('takes the most urgent view, then the one that waited longest', () => {
    const view = (purpose: ViewPurpose | undefined, waitingMs: number) => ({ purpose, waitingMs });
    assert.equal(pickView([view('check', 9000), view('bind-movement', 10), view('more-probes', 700)]), 1);
    assert.equal(pickView([view('more-probes', 700), view('more-probes', 900)]), 1);
    assert.equal(pickView([view(undefined, 1), view(undefined, 2)]), undefined);
  });
});
