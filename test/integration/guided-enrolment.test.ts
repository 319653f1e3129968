import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { testRecogniser } from '../support/gallery-fixture.js';
import { readPainted } from '../support/gallery-persons.js';
import { type GuidedBox, openGuidedBox, operator, phone, views } from '../support/guided-box.js';
import { paintFace, paintWall } from '../support/painted-faces.js';

const anna = operator('anna');
const consentText = { version: '2026-03 en', text: 'I agree that the box recognises me by my face.' };

function served(name: string, work: (box: GuidedBox) => Promise<void>): void {
  test(name, async () => {
    await using box = await openGuidedBox();
    await work(box);
  });
}

async function begin(box: GuidedBox, input: object = { person: { name: 'Ada' } }, by: Caller = anna) {
  return await box.handlers['enrolments.begin'](input, box.call(by));
}

const take = async (box: GuidedBox, id: string, picture: Buffer, by: Caller = anna) =>
  await box.handlers['enrolments.take-picture']({ id, picture: [picture] }, box.call(by));

async function takeAll(box: GuidedBox, id: string, face = 'ada'): Promise<void> {
  for (const view of [1, 1, 1, 1, views.closed, 1, views.left, views.right]) {
    await take(box, id, paintFace(face, view));
    box.clock.advanceBy(300);
  }
}

const finish = async (box: GuidedBox, id: string, more: object = {}, by: Caller = anna) =>
  await box.handlers['enrolments.finish'](
    { id, isDryRun: false, isDuplicateAllowed: false, ...more },
    box.call(by),
  );

async function opened(box: GuidedBox, input?: object) {
  const { id } = await begin(box, input);
  const { secret } = await box.handlers['enrolments.make-link']({ id }, box.call(anna));
  const { key, enrolment } = await box.handlers['enrolments.open-link']({ secret }, box.call(phone()));
  return { id, secret, key, enrolment };
}

const onPhone = async (box: GuidedBox, key: string, picture: Buffer) =>
  await box.handlers['enrolments.take-picture-on-phone'](
    { key: Buffer.from(key), picture: [picture] },
    box.call(phone()),
  );

const actions = ({ entries }: GuidedBox): readonly string[] => entries.map(({ action }) => action);

describe('a guided enrolment', () => {
  served('leads through the steps, keeps the best pictures and enrols the person', async (box) => {
    const { id, steps } = await begin(box);
    assert.deepEqual(
      steps.map(({ isDone }) => isDone),
      [false, false, false, false],
    );
    const wall = await take(box, id, paintWall());
    assert.deepEqual([wall.hint.code, wall.kept, wall.seen.faceCount], ['no-face', undefined, 0]);
    assert.equal((await take(box, id, paintFace('ada', 1, 3))).hint.code, 'one-person-only');
    const front = await take(box, id, paintFace('ada', views.front));
    assert.deepEqual([front.kept, front.hint.code, front.seen.face?.pose], ['front', 'turn-left', 'front']);
    assert.equal(front.hint.sentence, 'Turn your head slightly to your left.');
    await takeAll(box, id);
    const state = await box.handlers['enrolments.show']({ id }, box.call(anna));
    assert.ok(
      state.steps.every(({ isDone }) => isDone),
      JSON.stringify(state.steps),
    );
    assert.equal(state.pictures.length, 5, 'three from the front at most');
    const [best] = state.pictures;
    const picture = await box.handlers['enrolments.read-picture'](
      { id, pictureId: best?.id ?? '' },
      box.call(anna),
    );
    assert.ok(Buffer.isBuffer(picture.bytes) && picture.bytes.toString('utf8').includes('face ada'));

    const checked = await finish(box, id, { isDryRun: true });
    assert.equal(checked.outcome, 'enrollable');
    assert.equal(box.gallery.rowCount(), 0, 'nothing is stored before the end');
    const done = await finish(box, id);
    assert.ok(done.outcome === 'enrolled', JSON.stringify(done));
    assert.equal(done.person.photographs, 5);
    await assert.rejects(finish(box, id), { code: 'enrolment-finished' });
    const after = await box.handlers['enrolments.show']({ id }, box.call(anna));
    assert.deepEqual([after.isFinished, after.personId, after.pictures], [true, done.person.id, []]);
    const last = box.entries.at(-1);
    assert.deepEqual([last?.action, last?.subject], ['enrolment.finished', done.person.id]);
    assert.ok(actions(box).includes('enrolment.picture-read'));
  });

  served('refuses another face, closed eyes and the end without a picture from the front', async (box) => {
    const { id } = await begin(box);
    await assert.rejects(finish(box, id), { code: 'enrolment-incomplete' });
    await take(box, id, paintFace('ada', views.front));
    const other = await take(box, id, paintFace('grace', views.left));
    assert.deepEqual([other.hint.code, other.kept], ['other-person', undefined]);
    for (const view of [1, 1, 1]) await take(box, id, paintFace('ada', view));
    const closed = await take(box, id, paintFace('ada', views.closed));
    assert.deepEqual([closed.seen.face?.eyes, closed.kept], ['closed', undefined]);
    await assert.rejects(take(box, id, Buffer.from('text')), { code: 'not-a-picture' });
  });

  served('asks for open eyes only where they keep a picture from the front from being taken', async (box) => {
    const { id } = await begin(box);
    const hintAt = async (view: number, face = 'ada') =>
      (await take(box, id, paintFace(face, view))).hint.code;
    assert.equal(await hintAt(views.left), 'look-at-camera', 'its eyes are not measured');
    for (const view of [1, 1, 1]) await take(box, id, paintFace('ada', view));
    assert.equal(await hintAt(views.bowed), 'look-at-camera', 'the picture from the front is taken');
    const { pictures } = await box.handlers['enrolments.show']({ id }, box.call(anna));
    for (const { id: pictureId } of pictures.filter(({ step }) => step === 'front')) {
      await box.handlers['enrolments.drop-picture']({ id, pictureId }, box.call(anna));
    }
    assert.equal(await hintAt(views.closed), 'open-eyes');
    assert.equal(await hintAt(views.closed, 'grace'), 'other-person');
  });

  served('says why a face cannot be used, although it cannot be compared with the person', async (box) => {
    const { id } = await begin(box);
    await take(box, id, paintFace('ada', views.front));
    const dark = await take(box, id, paintFace('ada', views.dark));
    assert.deepEqual([dark.hint.code, dark.kept], ['more-light', undefined]);
  });

  served('shows whom the face resembles, and adds photographs to a person', async (box) => {
    const first = await begin(box);
    await takeAll(box, first.id);
    const enrolled = await finish(box, first.id);
    assert.ok(enrolled.outcome === 'enrolled');
    const second = await begin(box, { person: { name: 'Ada again' } });
    await takeAll(box, second.id);
    const similar = await finish(box, second.id);
    assert.ok(similar.outcome === 'similar' && similar.personId === enrolled.person.id);
    assert.equal(box.gallery.rowCount(), 1);

    const more = await begin(box, { personId: enrolled.person.id });
    assert.deepEqual([more.personId, more.name], [enrolled.person.id, undefined]);
    await take(box, more.id, paintFace('grace', views.front));
    const refused = await finish(box, more.id);
    assert.equal(refused.outcome, 'refused', 'these are not the photographs of this person');
    const again = await begin(box, { personId: enrolled.person.id });
    await takeAll(box, again.id);
    const changed = await finish(box, again.id);
    assert.ok(changed.outcome === 'changed' && changed.person.photographs === 10);
  });

  served('records the consent with its text and time before any picture', async (box) => {
    const { id } = await begin(box, { person: { name: 'Ada', consentText } });
    await assert.rejects(take(box, id, paintFace('ada')), { code: 'consent-open' });
    const accept = (version: string) =>
      box.handlers['enrolments.accept-consent']({ id, version }, box.call(anna));
    assert.throws(() => accept('another'), { code: 'consent-refused' });
    const { consent } = await accept(consentText.version);
    assert.deepEqual([consent?.acceptedOn, consent?.acceptedAt], ['console', '2026-03-02T08:00:00.000Z']);
    await takeAll(box, id);
    const done = await finish(box, id);
    assert.ok(done.outcome === 'enrolled');
    assert.deepEqual(done.person.consent, {
      ...{ basis: 'consent', dateIso: '2026-03-02' },
      reference: 'text 2026-03 en, agreed 2026-03-02T08:00:00.000Z',
    });
  });

  served('refuses at once what its end would refuse', async (box) => {
    const refuses = (input: object, code: string) => assert.rejects(begin(box, input), { code });
    await refuses({ person: { name: '' } }, 'profile-refused');
    await refuses({}, 'enrolment-unclear');
    await refuses({ person: { name: 'Ada' }, personId: 'p-1' }, 'enrolment-unclear');
    await refuses({ personId: 'p-00000000000000000000000000' }, 'no-such-person');
    const consent = { basis: 'consent', dateIso: '2026-03-01', reference: 'form 7' };
    await refuses({ person: { name: 'Ada', consent, consentText } }, 'enrolment-unclear');
  });

  served('is forgotten after 15 minutes of silence; reading does not lengthen them', async (box) => {
    const { id } = await begin(box);
    box.clock.advanceBy(14 * 60_000);
    await take(box, id, paintFace('ada'));
    box.clock.advanceBy(14 * 60_000);
    await box.handlers['enrolments.show']({ id }, box.call(anna));
    box.clock.advanceBy(2 * 60_000);
    await assert.rejects(take(box, id, paintFace('ada')), { code: 'no-such-enrolment' });
    assert.deepEqual(box.entries.at(-1)?.details, { reason: 'silence' });
    const { isAbandoned } = await box.handlers['enrolments.abandon']({ id }, box.call(anna));
    assert.equal(isAbandoned, false);
  });

  served('belongs to the operator who began it, and has few places', async (box) => {
    const { id } = await begin(box);
    const ben = operator('ben');
    await assert.rejects(take(box, id, paintFace('ada'), ben), { code: 'no-such-enrolment' });
    assert.deepEqual(await box.handlers['enrolments.list']({}, box.call(ben)), []);
    assert.equal((await box.handlers['enrolments.abandon']({ id }, box.call(ben))).isAbandoned, false);
    for (let count = 1; count < 4; count += 1) await begin(box);
    await assert.rejects(begin(box), { code: 'too-many-enrolments' });
    for (let count = 0; count < 4; count += 1) await begin(box, undefined, ben);
    await assert.rejects(begin(box, undefined, operator('cem')), { code: 'too-many-enrolments' });
    await box.handlers['enrolments.abandon']({ id }, box.call(anna));
    await begin(box, undefined, operator('cem'));
  });

  served('limits nobody on the box itself to some of the places', async (box) => {
    const local = { ...anna, isLimited: false };
    for (let count = 0; count < 8; count += 1) await begin(box, undefined, local);
    await assert.rejects(begin(box, undefined, local), { code: 'too-many-enrolments' });
  });

  served('shows when it began and ends, and when its phone and its pictures came', async (box) => {
    const { id } = await begin(box);
    box.clock.advanceBy(60_000);
    const { secret } = await box.handlers['enrolments.make-link']({ id }, box.call(anna));
    const show = async () => await box.handlers['enrolments.show']({ id }, box.call(anna));
    const waiting = await show();
    assert.deepEqual(
      [waiting.beganAt, waiting.endsAt],
      ['2026-03-02T08:00:00.000Z', '2026-03-02T08:16:00.000Z'],
    );
    assert.deepEqual(waiting.link, { state: 'waiting', expiresAt: '2026-03-02T08:11:00.000Z', refused: 0 });
    box.clock.advanceBy(60_000);
    const { key } = await box.handlers['enrolments.open-link']({ secret }, box.call(phone()));
    box.clock.advanceBy(60_000);
    await onPhone(box, key, paintFace('ada', views.front));
    const shown = await show();
    assert.deepEqual(shown.link, {
      ...{ state: 'opened', openedAt: '2026-03-02T08:02:00.000Z', lastSeenAt: '2026-03-02T08:03:00.000Z' },
      ...{ expiresAt: '2026-03-02T08:32:00.000Z', refused: 0 },
    });
    assert.deepEqual(
      shown.pictures.map(({ takenAt }) => takenAt),
      ['2026-03-02T08:03:00.000Z'],
    );
    assert.equal(shown.endsAt, '2026-03-02T08:18:00.000Z');
  });

  served('looks at ten of the photographs of a clip at most, over its whole length', async (box) => {
    const evidence = { blinks: [], unboundBlinks: [], gestures: [], observedS: 2, frameCount: 60 };
    box.seeClip({
      ...{ outcome: 'ok', durationS: 2, faceWidthPx: 200, faceCount: 1, recogniser: testRecogniser },
      ...{ liveness: { verdict: 'undetermined', reason: 'eyes-not-seen-well', evidence }, probes: [] },
    });
    const { id } = await begin(box);
    const lookedAt = async (count: number): Promise<number> => {
      // Only the last photograph shows the person.
      const clip = Array.from({ length: count }, (_, at) =>
        at === count - 1 ? paintFace('ada', views.front) : paintWall(),
      );
      const seen = await box.handlers['enrolments.take-clip']({ id, clip, fps: 10 }, box.call(anna));
      assert.equal(seen.pictures.at(-1)?.kept, 'front', 'the last of them');
      return seen.pictures.length;
    };
    assert.equal(await lookedAt(10), 10);
    assert.equal(await lookedAt(25), 9, 'every third');
  });

  served('finishes after the picture that is in work', async (box) => {
    const { id } = await begin(box);
    await take(box, id, paintFace('ada', views.front));
    const release = box.hold();
    const last = take(box, id, paintFace('ada', views.left));
    const done = finish(box, id);
    release();
    assert.equal((await last).kept, 'left');
    const result = await done;
    assert.ok(result.outcome === 'enrolled' && result.person.photographs === 2, JSON.stringify(result));
  });

  served('takes a blink for that of the person only where half of the clip shows the person', async (box) => {
    const probeOf = (face: string) => {
      const photo = readPainted(paintFace(face, views.front));
      assert.ok(photo.outcome === 'ok');
      return { capturedAtMs: 0, embeddingBase64: photo.embeddingBase64, quality: 0.8 };
    };
    const evidence = { unboundBlinks: [], gestures: [], observedS: 2, frameCount: 60 };
    const blinks = [{ atMs: 1_000, durationMs: 150 }];
    const blinked = async (faces: readonly string[], faceCount = 1): Promise<boolean> => {
      const { id } = await begin(box);
      await take(box, id, paintFace('ada', views.front));
      box.seeClip({
        ...{ outcome: 'ok', durationS: 2, faceWidthPx: 200, faceCount, recogniser: testRecogniser },
        liveness: { verdict: 'live', reason: 'blinked', evidence: { ...evidence, blinks } },
        probes: faces.map(probeOf),
      });
      const clip = [Buffer.from('a clip')];
      const seen = await box.handlers['enrolments.take-clip']({ id, clip, fps: 30 }, box.call(anna));
      await box.handlers['enrolments.abandon']({ id }, box.call(anna));
      return seen.hasBlinked;
    };
    assert.equal(await blinked(['ada', 'grace']), true, 'exactly half');
    assert.equal(await blinked(['ada', 'grace', 'grace']), false);
    assert.equal(await blinked(['ada', 'ada'], 2), false, 'two faces');
  });

  served('gives pictures of a camera only to who may watch cameras', async (box) => {
    const { id } = await begin(box);
    const takeFromCamera = async (by: Caller) =>
      await box.handlers['enrolments.take-camera-picture']({ id, cameraId: 'door' }, box.call(by));
    const scopes = new Set(allScopes.filter((scope) => scope !== 'live:watch'));
    await assert.rejects(takeFromCamera({ ...anna, scopes }), { code: 'forbidden' });
    assert.ok(!actions(box).includes('camera.snapshot-taken'));
    assert.equal((await takeFromCamera(anna)).kept, 'front');
    assert.ok(actions(box).includes('camera.snapshot-taken'));
  });

  served('is not abandoned while it finishes, nor when the person is enrolled', async (box) => {
    const { id } = await begin(box);
    const release = box.hold();
    const last = take(box, id, paintFace('ada', views.front));
    const done = finish(box, id);
    release();
    await last;
    // The end is under way now: it began in the turn after the picture.
    const abandoned = box.handlers['enrolments.abandon']({ id }, box.call(anna));
    assert.equal((await done).outcome, 'enrolled');
    assert.equal((await abandoned).isAbandoned, false);
    assert.ok(box.entries.every(({ action }) => action !== 'enrolment.abandoned'));
  });

  served('takes one picture at a time, and nothing after its end', async (box) => {
    const { id } = await begin(box);
    const release = box.hold();
    const first = take(box, id, paintFace('ada'));
    await assert.rejects(take(box, id, paintFace('ada')), { code: 'busy' });
    await box.handlers['enrolments.abandon']({ id }, box.call(anna));
    release();
    await assert.rejects(first, { code: 'no-such-enrolment' });
  });
});

describe('the link for a phone', () => {
  served('lets a phone without an account take pictures and agree, and shows it no name', async (box) => {
    const { id, key, enrolment } = await opened(box, { person: { name: 'Ada Lovelace', consentText } });
    assert.deepEqual(Object.keys(enrolment).sort(), ['consent', 'isFinished', 'steps']);
    const call = box.call(phone());
    await assert.rejects(onPhone(box, key, paintFace('ada')), { code: 'consent-open' });
    const { version } = consentText;
    await box.handlers['enrolments.accept-consent-on-phone']({ key, version }, call);
    const answer = await onPhone(box, key, paintFace('ada', views.front));
    assert.equal(answer.kept, 'front');
    assert.ok(!JSON.stringify(answer).includes('Lovelace') && !('pictures' in answer.enrolment));
    const shown = await box.handlers['enrolments.show']({ id }, box.call(anna));
    assert.deepEqual([shown.link?.state, shown.pictures.length], ['opened', 1]);
    const done = await finish(box, id);
    assert.ok(done.outcome === 'enrolled');
    assert.match(done.person.consent?.reference ?? '', /agreed 2026-03-02/);
    const { isFinished } = await box.handlers['enrolments.show-on-phone']({ key }, call);
    assert.equal(isFinished, true);
    await assert.rejects(onPhone(box, key, paintFace('ada')), { code: 'enrolment-finished' });
    assert.deepEqual(actions(box), [
      ...['enrolment.begun', 'enrolment.link-made', 'enrolment.link-opened'],
      ...['enrolment.consent-accepted', 'enrolment.finished'],
    ]);
    assert.equal(box.entries[2]?.by.origin, 'https 192.0.2.99');
  });

  served('opens once: the second phone is refused and the operator sees it', async (box) => {
    const { id, secret, key } = await opened(box);
    const second = box.call(phone('198.51.100.4'));
    assert.throws(() => box.handlers['enrolments.open-link']({ secret }, second), { code: 'link-refused' });
    const { link } = await box.handlers['enrolments.show']({ id }, box.call(anna));
    assert.deepEqual([link?.state, link?.refused], ['opened', 1]);
    assert.equal(
      (await onPhone(box, key, paintFace('ada'))).kept,
      'front',
      'the first phone is not disturbed',
    );
    assert.deepEqual(
      [box.entries.at(-1)?.action, box.entries.at(-1)?.subject],
      ['enrolment.link-refused', id],
    );
  });

  served('gives the same answer to a guess, a used, an expired and a cut link', async (box) => {
    const { id } = await begin(box);
    const make = async () => (await box.handlers['enrolments.make-link']({ id }, box.call(anna))).secret;
    const refusal = async (secret: string) => {
      try {
        await box.handlers['enrolments.open-link']({ secret }, box.call(phone()));
      } catch (error) {
        return String(error);
      }
      return assert.fail('the link was opened');
    };
    const expired = await make();
    box.clock.advanceBy(10 * 60_000);
    const refusals = [
      await refusal(expired),
      await refusal(`rcl_${'a'.repeat(43)}`),
      await refusal('nonsense'),
    ];
    const replaced = await make();
    const cut = await make();
    refusals.push(await refusal(replaced));
    await box.handlers['enrolments.cut-link']({ id }, box.call(anna));
    refusals.push(await refusal(cut));
    assert.equal(new Set(refusals).size, 1, refusals.join('\n'));
  });

  served('ends with a cut, a new link, its time, and the enrolment', async (box) => {
    const ended = { code: 'phone-ended' };
    const first = await opened(box);
    await box.handlers['enrolments.cut-link']({ id: first.id }, box.call(anna));
    await assert.rejects(onPhone(box, first.key, paintFace('ada')), ended);
    const second = await opened(box);
    await box.handlers['enrolments.make-link']({ id: second.id }, box.call(anna));
    await assert.rejects(onPhone(box, second.key, paintFace('ada')), ended);
    const third = await opened(box);
    for (let minutes = 0; minutes < 30; minutes += 10) {
      await onPhone(box, third.key, paintFace('ada'));
      box.clock.advanceBy(10 * 60_000);
    }
    await assert.rejects(onPhone(box, third.key, paintFace('ada')), ended, 'also if it never fell silent');
    const fourth = await opened(box);
    await box.handlers['enrolments.abandon']({ id: fourth.id }, box.call(anna));
    await assert.rejects(onPhone(box, fourth.key, paintFace('ada')), ended);
  });

  served('its secret is no key, and its key is no link', async (box) => {
    const { id, secret, key } = await opened(box);
    await assert.rejects(onPhone(box, secret, paintFace('ada')), { code: 'phone-ended' });
    await assert.rejects(onPhone(box, id, paintFace('ada')), { code: 'phone-ended' });
    assert.throws(() => box.handlers['enrolments.open-link']({ secret: key }, box.call(phone())), {
      code: 'link-refused',
    });
    assert.ok(!JSON.stringify(box.entries).includes(secret) && !JSON.stringify(box.entries).includes(key));
  });
});
