import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { recognitionOperations } from '../../daemon/contract/recognition.js';
import { allScopes, type Scope } from '../../daemon/contract/scopes.js';
import type { ClipOutcome, FacesOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { encodeEmbedding, encodeSighting } from '../../daemon/contract/vision/vision-sighting.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { ReadingTrail } from '../../daemon/core/audit/reading-trail.js';
import { recognitionHandlers } from '../../daemon/core/recognition/recognition-handlers.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { type Embedding, type MatchPolicy, similarityOf } from '../../daemon/kernel/identification/match.js';
import { cameraId, passageId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { testRecogniser, unitVector } from '../support/gallery-fixture.js';
import { type GalleryPersons, openGalleryPersons, readPainted } from '../support/gallery-persons.js';
import { paintFace, paintWall } from '../support/painted-faces.js';
import { sightingOf } from '../support/sightings.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const actor = { actor: 'uid:1000', origin: 'test' };
const box = { x: 10, y: 20, width: 80, height: 90 };
const quality = { score: 0.9, reasons: [] };

/** A picture of these faces, from left to right, for `findPainted`. */
const crowd = (...faces: readonly string[]): Buffer => Buffer.from(`crowd ${faces.join(' ')}`);

/** Stands for the vision process: finds the names in a picture, with the vectors that `openGalleryPersons` gives them. */
function findPainted(picture: Uint8Array, isEmbedded: boolean): FacesOutcome {
  const [kind, ...names] = Buffer.from(picture).toString().split(' ');
  if (kind !== 'crowd') {
    return { outcome: 'refused', code: 'unauthenticated', message: 'it is no picture', remedy: 'send one' };
  }
  const faces = names.map((name, index) => ({
    face: { number: index + 1, place: 'left' as const, box },
    quality,
    ...(isEmbedded
      ? {
          embeddingBase64: encodeEmbedding(byFace(name)),
        }
      : {}),
  }));
  return { outcome: 'ok', recogniser: testRecogniser, faceCount: faces.length, faces };
}

interface Recognition extends AsyncDisposable {
  readonly gallery: GalleryPersons;
  readonly client: ControlClient;
  enrol(face: string): Promise<string>;
}

/** The operations on pictures over a gallery. Only the networks are fake. */
async function openRecognition(
  options: {
    readonly policy?: Partial<MatchPolicy>;
    readonly waitingCount?: number;
    readonly canReadNames?: boolean;
    readonly lacks?: Scope;
  } = {},
): Promise<Recognition> {
  const directory = await temporaryDirectory();
  const gallery = await openGalleryPersons();
  const socketPath = join(directory.path, 'control.sock');
  const { canReadNames = true, waitingCount = 0, lacks } = options;
  const scopes = new Set(
    allScopes.filter((scope) => scope !== lacks && (canReadNames || scope !== 'names:read')),
  );
  const server = await startControlServer({
    socketPath,
    operations: recognitionOperations,
    handlers: recognitionHandlers({
      vault: gallery.vault,
      photos: {
        waitingCount,
        analyse: async (image) => readPainted(Buffer.from(image)),
        findFaces: async (image, { isEmbedded }) => findPainted(image, isEmbedded),
      },
      clips: { waitingCount, judgeClip: async (files, { isEmbedded }) => judgePainted(files, isEmbedded) },
      policy: () => ({ threshold: 0.5, margin: 0.05, minimumProbes: 3, ...options.policy }),
      readings: new ReadingTrail({ audit: gallery.vault.audit, clock: systemClock, logger: silentLogger }),
    }),
    callerOf: () => ({ ...actor, scopes, provedAtMs: 'always', isLimited: false }),
    logger: silentLogger,
  });
  return {
    gallery,
    client: new ControlClient(socketPath),
    enrol: async (face) => {
      const more = { isDuplicateAllowed: false, isDryRun: false };
      const result = await gallery.persons.add(
        { name: face, photographs: [paintFace(face)], ...more },
        actor,
      );
      assert.ok(result.outcome === 'enrolled');
      return result.person.id;
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await gallery[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const byFace = (name: string): Embedding =>
  unitVector(createHash('sha256').update(name).digest().readUInt32LE(0));

/** Stands for the vision process: a clip `clip ada eve` shows a live face whose views look like these persons, one after the other. */
function judgePainted([clip]: readonly Uint8Array[], isEmbedded: boolean): ClipOutcome {
  const [kind, ...names] = Buffer.from(clip ?? [])
    .toString()
    .split(' ');
  if (kind !== 'clip')
    return { outcome: 'refused', code: 'sealed', message: 'it is no clip', remedy: 'send one' };
  const probes = names.map((name, capturedAtMs) => ({
    ...{ capturedAtMs, quality: 0.9 },
    embeddingBase64: encodeEmbedding(byFace(name)),
  }));
  const { liveness, recogniser } = encodeSighting(
    sightingOf({
      recogniser: testRecogniser,
      liveness: {
        verdict: 'live',
        reason: 'blinked',
        evidence: {
          ...{ blinks: [{ atMs: 900, durationMs: 200 }], unboundBlinks: [], gestures: [] },
          ...{ observedS: 2, frameCount: 30 },
        },
      },
    }),
  );
  const about = { durationS: 2, faceWidthPx: 120, faceCount: 1 };
  return { outcome: 'ok', liveness, recogniser, ...about, probes: isEmbedded ? probes : [] };
}

const newest = ({ vault }: GalleryPersons) => vault.audit.list({ limit: 1 })[0];

describe('recognise', () => {
  test('names each enrolled face of a picture, and no other, and stores nothing', async () => {
    await using box = await openRecognition();
    const { client, gallery } = box;
    const [ada, bea] = [await box.enrol('ada'), await box.enrol('bea')];
    const { faceCount, faces } = await client.call('recognition.recognise', {
      picture: [crowd('bea', 'eve', 'ada')],
    });
    assert.equal(faceCount, 3);
    assert.deepEqual(
      faces.map(({ number, outcome, candidates }) => [number, outcome, candidates[0]?.personId]),
      [
        [1, 'match', bea],
        [2, 'no-match', undefined],
        [3, 'match', ada],
      ],
    );
    const [candidate] = faces[2]?.candidates ?? [];
    assert.equal(candidate?.name, 'ada');
    assert.ok(Math.abs((candidate?.similarity ?? 0) - 1) < 1e-5);
    assert.equal(candidate?.threshold, 0.5);
    assert.equal(gallery.rowCount(), 2);
    const { action, details, actor: by } = newest(gallery) ?? {};
    assert.deepEqual([action, details, by], ['person.recognised', { faces: 3, matches: 2 }, actor.actor]);
  });

  test('gives no name to a caller who may not read names', async () => {
    await using box = await openRecognition({ canReadNames: false });
    await box.enrol('ada');
    const { faces } = await box.client.call('recognition.recognise', { picture: [crowd('ada')] });
    assert.equal(faces[0]?.outcome, 'match');
    assert.doesNotMatch(JSON.stringify(faces), /"name"|ada/);
  });

  test("follows a person's own threshold, and pairs that the recogniser cannot tell apart", async () => {
    await using strict = await openRecognition({ policy: { thresholdOf: () => 1.5 } });
    await strict.enrol('ada');
    const high = await strict.client.call('recognition.recognise', { picture: [crowd('ada')] });
    assert.deepEqual([high.faces[0]?.outcome, high.faces[0]?.candidates], ['no-match', []]);
    await using twins = await openRecognition({ policy: { threshold: -1, isInseparable: () => true } });
    for (const face of ['ada', 'bea']) await twins.enrol(face);
    const alike = await twins.client.call('recognition.recognise', { picture: [crowd('ada')] });
    assert.equal(alike.faces[0]?.outcome, 'ambiguous');
    assert.equal(alike.faces[0]?.candidates.length, 2);
  });

  test('does not recognise a removed person', async () => {
    await using box = await openRecognition();
    const id = await box.enrol('ada');
    box.gallery.persons.remove(id, actor);
    const { faces } = await box.client.call('recognition.recognise', { picture: [crowd('ada')] });
    assert.deepEqual([faces[0]?.outcome, faces[0]?.candidates], ['no-match', []]);
  });

  test('refuses what is no picture, whatever code the vision process gives', async () => {
    await using box = await openRecognition();
    const asked = box.client.call('recognition.recognise', { picture: [Buffer.from('text')] });
    await assert.rejects(asked, { code: 'not-a-picture', message: 'it is no picture' });
  });

  test('refuses pictures while others wait, so that enrolments keep their turn', async () => {
    await using box = await openRecognition({ waitingCount: 8 });
    const id = await box.enrol('ada');
    const busy = { code: 'busy', kind: 'operational' };
    const picture = [crowd('ada')];
    await assert.rejects(box.client.call('recognition.recognise', { picture }), busy);
    await assert.rejects(box.client.call('recognition.detect', { picture }), busy);
    await assert.rejects(box.client.call('recognition.verify', { personId: id, picture }), busy);
  });
});

describe('recognise a clip', () => {
  const clipOf = (...faces: readonly string[]) => ({ clip: [Buffer.from(`clip ${faces.join(' ')}`)] });

  test('tells the person by several views, and whether they live', async () => {
    await using box = await openRecognition();
    const ada = await box.enrol('ada');
    const found = await box.client.call('recognition.recognise-clip', clipOf('ada', 'ada', 'ada'));
    assert.deepEqual(
      [found.outcome, found.candidates.map(({ personId }) => personId), found.verdict, found.reason],
      ['match', [ada], 'live', 'blinked'],
    );
    assert.equal(found.evidence.blinks.length, 1);
    const { action, details } = newest(box.gallery) ?? {};
    assert.deepEqual([action, details], ['person.recognised', { faces: 1, matches: 1 }]);
    assert.equal(box.gallery.rowCount(), 1);
  });

  test('decides nothing by too few views, or by views of different people', async () => {
    await using box = await openRecognition();
    await box.enrol('ada');
    await box.enrol('bea');
    for (const faces of [
      ['ada', 'ada'],
      ['ada', 'bea', 'ada', 'bea'],
    ]) {
      const { outcome } = await box.client.call('recognition.recognise-clip', clipOf(...faces));
      assert.equal(outcome, 'inconclusive', faces.join(' '));
    }
  });

  test('asks for the actions of a challenge', async () => {
    await using box = await openRecognition();
    await box.enrol('ada');
    const asked = clipOf('ada', 'ada', 'ada');
    const found = await box.client.call('recognition.recognise-clip', { ...asked, challenge: ['nod'] });
    assert.deepEqual([found.outcome, found.challenge?.isPassed], ['match', false]);
    assert.notEqual(found.verdict, 'live');
  });

  test('refuses what is no clip, whatever code the vision process gives, and a clip while others wait', async () => {
    await using box = await openRecognition();
    const clip = [Buffer.from('letter')];
    await assert.rejects(box.client.call('recognition.recognise-clip', { clip }), {
      code: 'clip-unreadable',
    });
    await using busy = await openRecognition({ waitingCount: 8 });
    await assert.rejects(busy.client.call('recognition.recognise-clip', clipOf('ada')), { code: 'busy' });
  });
});

test('detect describes faces, compares nothing and leaves no audit entry', async () => {
  await using box = await openRecognition();
  await box.enrol('ada');
  const before = newest(box.gallery)?.sequence;
  assert.deepEqual(await box.client.call('recognition.detect', { picture: [crowd('ada', 'eve')] }), {
    faceCount: 2,
    faces: [1, 2].map((number) => ({
      ...{ number, place: 'left', box: { x: 10, y: 20, width: 80, height: 90 } },
      ...{ qualityScore: 0.9, qualityReasons: [] },
    })),
  });
  assert.deepEqual(await box.client.call('recognition.detect', { picture: [Buffer.from('crowd')] }), {
    faceCount: 0,
    faces: [],
  });
  assert.equal(newest(box.gallery)?.sequence, before);
});

describe('similar', () => {
  const twins = { policy: { isInseparable: () => true } };

  test('lists whom an enrolled person resembles, most similar first, and audits it about this person', async () => {
    await using box = await openRecognition();
    const views = [{ embedding: byFace('ada'), quality: 0.9 }];
    const { stranger } = box.gallery.vault.gallery().strangers.see({
      ...{ passageId: passageId('passage-1'), cameraId: cameraId('gate'), recogniser: testRecogniser },
      ...{ firstSeenMs: 1000.25, lastSeenMs: 2000.75, views, threshold: 0.5 },
    });
    const [ada, bea, eve] = [await box.enrol('ada'), await box.enrol('bea'), await box.enrol('eve')];
    const { persons, strangers } = await box.client.call('recognition.similar-persons', {
      id: ada,
      limit: 2,
    });
    assert.deepEqual(new Set(persons.map(({ personId }) => personId)), new Set([bea, eve]));
    for (const { personId, name, similarity, threshold, isToldApart } of persons) {
      assert.equal(name, personId === bea ? 'bea' : 'eve');
      const expected = similarityOf(byFace('ada'), byFace(name ?? ''));
      assert.ok(Math.abs(similarity - expected) < 1e-5);
      assert.deepEqual([threshold, isToldApart], [0.5, true]);
    }
    assert.ok((persons[0]?.similarity ?? 0) >= (persons[1]?.similarity ?? 1));
    const [first, ...others] = strangers;
    assert.deepEqual([first?.strangerId, first?.isToldApart, others], [stranger?.id, false, []]);
    assert.ok(Math.abs((first?.similarity ?? 0) - 1) < 1e-5 && first?.threshold === 0.5);
    const { action, subject, details } = newest(box.gallery) ?? {};
    assert.deepEqual([action, subject, details], ['person.recognised', ada, { faces: 1, matches: 0 }]);
    await assert.rejects(box.client.call('recognition.similar-persons', { id: 'p-unknown' }), {
      code: 'no-such-person',
    });
  });

  test('judges two persons by the lower of their thresholds', async () => {
    const own = new Map<string, number>();
    await using box = await openRecognition({ policy: { thresholdOf: (id) => own.get(id) } });
    const [ada, bea] = [await box.enrol('ada'), await box.enrol('bea')];
    own.set(ada, 0.6).set(bea, 0.7);
    for (const id of [ada, bea]) {
      const { persons } = await box.client.call('recognition.similar-persons', { id });
      assert.deepEqual(
        persons.map(({ threshold }) => threshold),
        [0.6],
      );
    }
  });

  test('says which persons the recogniser cannot tell apart, without names for a caller who may not read them', async () => {
    await using box = await openRecognition({ ...twins, canReadNames: false });
    const [ada, bea] = [await box.enrol('ada'), await box.enrol('bea')];
    const { persons, strangers } = await box.client.call('recognition.similar-persons', { id: ada });
    assert.deepEqual(
      persons.map(({ personId, name, isToldApart }) => [personId, name, isToldApart]),
      [[bea, undefined, false]],
    );
    assert.deepEqual(strangers, []);
  });

  test('compares a picture, and stores nothing', async () => {
    await using box = await openRecognition();
    const [ada, bea] = [await box.enrol('ada'), await box.enrol('bea')];
    const found = await box.client.call('recognition.similar', { picture: [paintFace('ada', 7)] });
    assert.ok(found.outcome === 'compared');
    assert.deepEqual(
      found.persons.map(({ personId, isToldApart }) => [personId, isToldApart]),
      [
        [ada, false],
        [bea, true],
      ],
    );
    const { action, subject, details } = newest(box.gallery) ?? {};
    assert.deepEqual([action, subject, details], ['person.recognised', undefined, { faces: 1, matches: 1 }]);
    assert.equal(box.gallery.rowCount(), 2);
    const wall = await box.client.call('recognition.similar', { picture: [paintWall()] });
    assert.ok(wall.outcome === 'refused' && wall.code === 'no-face');
  });

  test('needs the scopes of both: of persons, and of recognition for a picture', async () => {
    await using reader = await openRecognition({ lacks: 'recognition:use' });
    const id = await reader.enrol('ada');
    await reader.client.call('recognition.similar-persons', { id });
    const picture = [paintFace('ada', 7)];
    await assert.rejects(reader.client.call('recognition.similar', { picture }), {
      code: 'forbidden',
      details: { scope: 'recognition:use' },
    });
    await using user = await openRecognition({ lacks: 'persons:read' });
    await assert.rejects(user.client.call('recognition.similar', { picture }), { code: 'forbidden' });
  });
});

describe('verify', () => {
  test('compares a picture with one person and audits who asked', async () => {
    await using box = await openRecognition();
    const { client, gallery } = box;
    const [ada, bea] = [await box.enrol('ada'), await box.enrol('bea')];
    const picture = [paintFace('ada', 7)];
    const same = await client.call('recognition.verify', { personId: ada, picture });
    assert.ok(same.outcome === 'match' && Math.abs(same.similarity - 1) < 1e-5 && same.threshold === 0.5);
    const other = await client.call('recognition.verify', { personId: bea, picture });
    assert.deepEqual(other, { outcome: 'no-match', threshold: 0.5 }, 'the similarity is not told');
    const { action, subject, details } = newest(gallery) ?? {};
    assert.deepEqual([action, subject, details], ['person.verified', bea, { isMatch: false }]);
    const wall = await client.call('recognition.verify', { personId: ada, picture: [paintWall()] });
    assert.ok(wall.outcome === 'refused' && wall.code === 'no-face');
  });

  test('does not know an unknown or a removed person', async () => {
    await using box = await openRecognition();
    const id = await box.enrol('ada');
    const picture = [paintFace('ada')];
    box.gallery.persons.remove(id, actor);
    for (const personId of [id, 'p-unknown']) {
      const asked = box.client.call('recognition.verify', { personId, picture });
      await assert.rejects(asked, { code: 'no-such-person' });
    }
  });

  test('says so where a person has no usable template', async () => {
    await using box = await openRecognition();
    const id = await box.enrol('ada');
    box.gallery.alter('UPDATE template SET vector = zeroblob(length(vector))');
    const asked = await box.client.call('recognition.verify', { personId: id, picture: [paintFace('ada')] });
    assert.deepEqual(asked, { outcome: 'no-template' });
  });
});
