import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { personId } from '../../daemon/kernel/ids.js';
import {
  earlyRefusal,
  leastUseful,
  type ReferenceFacts,
} from '../../daemon/kernel/passages/passage-reference.js';
import { unitVector } from '../support/gallery-fixture.js';
import { passageEpochMs, passageOf } from '../support/passage-fixture.js';

const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' } as const;
const profile = { name: 'Ada', consent };
const facts: ReferenceFacts = {
  ...{ passage: passageOf(1), mark: undefined, hasPicture: true, arePicturesKept: true },
  person: { isActive: true, profile },
};
const ada = facts.passage.personId ?? assert.fail();
const markOf = (was: 'person' | 'stranger' | 'nobody', person?: string) => ({
  ...{ was, cameraId: facts.passage.cameraId, seenAtMs: passageEpochMs, occurredAtMs: passageEpochMs },
  ...(person === undefined ? {} : { personId: personId(person) }),
});
const { end: _, ...inSight } = facts.passage;
const { personId: __, ...nobody } = facts.passage;
const liveness = { ...facts.passage.liveness, verdict: 'undetermined' } as const;
const origin = { passage: facts.passage.id, camera: 'gate', seenAtMs: passageEpochMs };

describe('a passage as a reference', () => {
  const cases: readonly [what: string, Partial<ReferenceFacts>, refusal: string | undefined][] = [
    ['of a recognised person with consent', {}, undefined],
    ['that an operator confirmed', { mark: markOf('person', ada) }, undefined],
    ['that lasts', { passage: inSight }, 'still-in-sight'],
    ['of nobody known', { passage: nobody }, 'not-recognised'],
    ['of another person', { mark: markOf('person', 'p-grace') }, 'marked-wrong'],
    ['of a stranger, as an operator said', { mark: markOf('stranger') }, 'marked-wrong'],
    ['of no living face, as an operator said', { mark: markOf('nobody') }, 'marked-wrong'],
    ['without proof', { passage: passageOf(1, { liveness }) }, 'unproven'],
    ['that was refused', { passage: passageOf(1, { outcome: 'refused' }) }, 'unproven'],
    ['of an erased person', { person: undefined }, 'person-not-active'],
    ['of a removed person', { person: { isActive: false, profile } }, 'person-not-active'],
    ['without consent', { person: { isActive: true, profile: { name: 'Ada' } } }, 'no-consent'],
    [
      'after consent was withdrawn',
      {
        person: {
          isActive: false,
          profile: { ...profile, consent: { ...consent, withdrawnIso: '2026-03-01' } },
        },
      },
      'consent-withdrawn',
    ],
    [
      'that was added',
      { person: { isActive: true, profile: { ...profile, origins: { f1: origin } } } },
      'already-added',
    ],
    ['whose picture is gone', { hasPicture: false }, 'picture-expired'],
    ['without a picture', { hasPicture: false, arePicturesKept: false }, 'picture-not-kept'],
  ];
  for (const [what, given, refusal] of cases) {
    test(`${what}: ${refusal ?? 'may be looked at'}`, () => {
      assert.equal(earlyRefusal({ ...facts, ...given }), refusal);
    });
  }
});

test('the least useful view is the passage view nearest to another one, and never an enrolled photograph', () => {
  const view = (id: string, seed: number, isFromPassage: boolean) => ({
    ...{ id, isFromPassage, embedding: unitVector(seed) },
  });
  const views = [view('a', 1, false), view('b', 1, false), view('c', 2, true), view('d', 3, true)];
  assert.equal(leastUseful([...views, view('new', 3, false)]), 'd');
  assert.equal(leastUseful([...views, view('new', 2, false)]), 'c');
  assert.equal(leastUseful([view('a', 1, false), view('b', 1, false)]), undefined);
});
