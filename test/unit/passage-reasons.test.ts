import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { passageId, personId } from '../../daemon/kernel/ids.js';
import { explainPassage } from '../../daemon/kernel/passages/explain-passage.js';
import { judgePassage } from '../../daemon/kernel/passages/judge-passage.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { passageReasons } from '../../daemon/kernel/passages/passage-reason.js';
import { reasonTexts } from '../../daemon/kernel/passages/passage-reason-text.js';
import { english, inEnglish } from '../../daemon/words/language.js';
import { passageReasonsPage } from '../../scripts/contract/passage-reasons-page.js';
import { aPassage } from '../support/passages.js';
import { tallyOf } from '../support/sightings.js';

const ada = { personId: personId('p-ada'), similarity: 0.9934, threshold: 0.55 };
const grace = { personId: personId('p-grace'), similarity: 0.9612, threshold: 0.55 };
const notJudged = {
  verdict: 'undetermined',
  evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 0, frameCount: 0 },
} as const;
const names: Readonly<Record<string, string>> = { 'p-ada': 'Ada', 'p-grace': 'Grace' };
const said = (changes: Partial<Passage>): string =>
  english.textOf(explainPassage(aPassage(changes), (id) => names[id] ?? id).sentence);

describe('reasons of passages', () => {
  test('docs/reference/passage-reasons.md matches the declarations', async () => {
    const page = await readFile(new URL('../../docs/reference/passage-reasons.md', import.meta.url), 'utf8');
    assert.equal(page, passageReasonsPage(), 'run: npm run docs');
  });

  test('each has an outcome, a meaning and a sentence, and a remedy where something is wrong', () => {
    const withoutRemedy = passageReasons.filter((reason) => reasonTexts[reason].remedy === undefined);
    assert.deepEqual(withoutRemedy, ['attended', 'barred', 'withdrawn', 'stranger-ignored']);
    for (const reason of passageReasons) {
      const { outcomes, meaning } = reasonTexts[reason];
      assert.match(meaning, /^[A-Z].*\.$/, reason);
      assert.ok(outcomes.length > 0, reason);
      for (const outcome of outcomes) {
        const passage = aPassage({ outcome, reason, personId: ada.personId, nearest: [ada, grace] });
        const { sentence, remedy = 'None.' } = inEnglish(explainPassage(passage, () => 'Somebody'));
        assert.match(sentence, /^[a-z].*[^.]$/, `${reason}: ${sentence}`);
        assert.match(remedy, /^[A-Z].*\.$/, `${reason}: ${remedy}`);
        assert.doesNotMatch(
          sentence,
          /p-ada|p-grace|undefined|NaN/,
          `${reason}: persons have the given names`,
        );
      }
    }
  });

  test('calls a stranger just below the threshold from two margins under it on', () => {
    const [threshold, margin] = [0.5, 0.0625];
    const reasonAt = (similarity: number): string =>
      judgePassage({
        identification: { outcome: 'no match', bestSimilarity: similarity, probeCount: 3 },
        liveness: { ...notJudged, reason: aPassage({}).liveness.reason },
        views: tallyOf({ count: 3 }),
        policy: { threshold, margin, minimumProbes: 2 },
        ...{ require: 'blink', nearest: [{ ...ada, similarity }], standing: 'valid', last: undefined },
        isWithdrawn: false,
      }).reason;
    assert.equal(reasonAt(threshold - 2 * margin - 1e-9), 'stranger');
    assert.equal(reasonAt(threshold - 2 * margin), 'below-threshold');
    assert.equal(reasonAt(threshold - 1e-9), 'below-threshold');
    assert.equal(reasonAt(threshold), 'below-own-threshold');
  });

  test('never read as if a similarity below the threshold reached it', () => {
    const sentenceAt = (similarity: number, threshold: number): string =>
      said({ reason: 'below-own-threshold', nearest: [{ ...ada, similarity, threshold }] }).split(
        ' has ',
      )[1] ?? '';
    assert.equal(sentenceAt(0.549_999, 0.55), '0.549 of 0.55');
    assert.equal(sentenceAt(0.5441, 0.5444), '0.544 of 0.545');
    assert.equal(sentenceAt(0.57, 0.581), '0.570 of 0.581');
    assert.equal(sentenceAt(0.5, 0.58), '0.500 of 0.58');
  });

  test('name the fault that at least half of the views have, and of equal ones the first that a person can correct', () => {
    const { liveness } = aPassage({});
    const reasonOf = (faults: Passage['views']['faults'], probeCount = 1): string =>
      judgePassage({
        identification: { outcome: 'inconclusive', bestSimilarity: undefined, probeCount },
        liveness: { ...notJudged, reason: liveness.reason },
        views: tallyOf({ count: 8, faults }),
        policy: { threshold: 0.5, margin: 0.05, minimumProbes: 2 },
        ...{ require: 'blink', nearest: [], standing: 'valid', last: undefined, isWithdrawn: false },
      }).reason;
    assert.equal(reasonOf({ dark: 5 }), 'dark');
    assert.equal(reasonOf({ dark: 4 }), 'dark', 'exactly half');
    assert.equal(reasonOf({ dark: 3 }), 'too-few-views');
    assert.equal(reasonOf({ dark: 4, blurred: 5 }), 'blurred');
    assert.equal(reasonOf({ dark: 4, 'too-small': 4 }), 'too-small');
    assert.equal(reasonOf({}), 'too-few-views');
    assert.equal(reasonOf({ dark: 8 }, 2), 'views-disagree', 'as many views as are needed');
  });

  test('says what was measured, what was demanded and what came before', () => {
    const recognised = { personId: ada.personId, nearest: [ada], outcome: 'unproven' } as const;
    const startedAtMs = 1_000_000;
    const cooldown = { elapsedS: 20, cooldownS: 60, passageId: passageId('0198f3a4') };
    const best = {
      ...{ quality: { score: 0.1, reasons: ['too-small' as const] }, widthPx: 31, smallestFacePx: 40 },
      ...{ yawDeg: -48, pitchDeg: 2, meanLuma: 17.6, sharpness: 0.051 },
    };
    const worst = (...reasons: readonly ('too-small' | 'dark' | 'blurred' | 'turned-away')[]) => ({
      ...{ outcome: 'undecided' as const, nearest: [] },
      views: tallyOf({
        faults: Object.fromEntries(reasons.map((reason) => [reason, 7])),
        best: { ...best, quality: { score: 0.1, reasons } },
      }),
    });
    const sentences: readonly (readonly [Partial<Passage>, string])[] = [
      [
        { ...recognised, reason: 'seen-too-briefly', startedAtMs, lastSeenMs: startedAtMs + 2_100 },
        'recognised as Ada, 0.993; life not proven: 2.1 s in sight, no blink; the camera demands a blink',
      ],
      [
        { reason: 'stranger-before', cooldown },
        'same unknown person as passage 0198f3a4 20 s before; cooldown 60 s',
      ],
      [{ ...worst('too-small'), reason: 'too-small' }, 'too small: 31 px of 40; in 7 of 8 views'],
      [{ ...worst('dark'), reason: 'dark' }, 'too dark: brightness 18 of 25; in 7 of 8 views'],
      [{ ...worst('blurred'), reason: 'blurred' }, 'blurred: sharpness 0.05 of 0.10; in 7 of 8 views'],
      [
        { ...worst('turned-away'), reason: 'turned-away' },
        'turned away: 48 degrees to the side, at most 35; in 7 of 8 views',
      ],
      [
        { ...worst('dark'), reason: 'turned-away', views: tallyOf({ faults: { 'turned-away': 5 } }) },
        'turned away in 5 of 8 views',
      ],
      [
        { outcome: 'ambiguous', reason: 'within-margin', nearest: [ada, grace] },
        'Ada, 0.993, and Grace, 0.961 matched within the margin of 0.05',
      ],
      [
        { reason: 'below-threshold', nearest: [{ ...ada, similarity: 0.51 }] },
        'below the threshold: the nearest, Ada, has 0.510 of 0.55',
      ],
    ];
    for (const [changes, sentence] of sentences) assert.equal(said(changes), sentence);
  });
});
