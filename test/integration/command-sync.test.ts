import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { newKeyPair } from '../../daemon/host/sealed-box.js';
import { type Issuer, newIssuer, sealed, sealedJson, token, trust } from '../support/command-centre.js';
import { type CommandedBox, openCommandedBox, type Reply } from '../support/commanded-box.js';
import { paintFace } from '../support/painted-faces.js';
import { enrolByCommand, SyncCentre, type SyncedBox, type Wanted, wanted } from '../support/sync-centre.js';

async function order(box: CommandedBox, issuer: Issuer, command: string, given: object): Promise<Reply> {
  const id = randomUUID();
  const bytes = await token(issuer, { command, id, arguments: { ...given } });
  await box.receiver.receive(command, bytes);
  return box.answer(id);
}

/** The box as its centre sees it. */
const seen = (box: CommandedBox, issuer: Issuer): SyncedBox => ({
  publicKey: box.boxKey.publicKey,
  order: (command, given) => order(box, issuer, command, given),
});

const enrol = (box: CommandedBox, issuer: Issuer, person: Wanted): Promise<Reply> =>
  enrolByCommand(seen(box, issuer), person);

describe('difference sync', () => {
  test('brings two boxes with differences to the same 300 persons, and proves that they agree', async () => {
    await using first = await openCommandedBox();
    await using second = await openCommandedBox();
    const issuer = await newIssuer();
    for (const { records } of [first, second]) await trust(records.commands.trust, issuer);
    const centre = new SyncCentre();
    const persons = Array.from({ length: 300 }, (_, number) => wanted(number));

    const [one, other] = [seen(first, issuer), seen(second, issuer)];
    const empty = await centre.digest(one);
    assert.equal(empty.digest, (await centre.digest(other)).digest, 'empty galleries agree');
    assert.deepEqual(await centre.sync(one, persons), {
      erased: 0,
      enrolled: 300,
      buckets: new Set(centre.digestOf(persons).entries.map(({ bucket }) => bucket)).size,
    });

    // The second box lacks some persons, has one that the centre has removed, one with another name, one with another photograph, and one that the centre does not know.
    const old = [
      ...persons.slice(20, 297),
      wanted(297, { name: 'Before the wedding' }),
      wanted(298, { photographs: [paintFace('face-298', 2)] }),
      wanted(900),
    ];
    await centre.sync(other, old);
    const local = { actor: 'uid:0', origin: 'test' };
    const walkIn = { photographs: [paintFace('visitor')], isDuplicateAllowed: false, isDryRun: false };
    assert.equal((await second.persons.add({ name: 'Visitor', ...walkIn }, local)).outcome, 'enrolled');
    const before = await centre.digest(other);
    assert.notEqual(before.digest, (await centre.digest(one)).digest);
    assert.deepEqual([before.persons, before.withoutExternalId], [280, 1]);

    const done = await centre.sync(other, persons);
    assert.deepEqual([done.enrolled, done.erased], [23, 3]);
    assert.ok(done.buckets <= 24, 'only buckets with differences were listed');
    const [proof, otherProof] = [await centre.digest(one), await centre.digest(other)];
    const target = centre.digestOf(persons);
    assert.equal(proof.digest, target.digest);
    assert.equal(otherProof.digest, target.digest);
    assert.deepEqual([proof.buckets, otherProof.buckets], [target.buckets, target.buckets]);
    assert.deepEqual(await centre.sync(other, persons), { erased: 0, enrolled: 0, buckets: 0 });

    // The digest also shows changes made at the box.
    const [changed] = await first.vault.gallery().listPersons();
    assert.ok(changed);
    await first.persons.update(changed.id, { notes: 'changed at the box' }, local);
    assert.notEqual((await centre.digest(one)).digest, target.digest);
  });

  test('keeps nothing of the photographs of a person who is erased at the box or withdraws consent', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    await enrol(box, issuer, wanted(1));
    await enrol(box, issuer, wanted(2));
    const kept = () => [...box.records.photographHashes.personIdsAfter('', 10)];
    const [erased, withdrawn] = kept();
    assert.ok(erased !== undefined && withdrawn !== undefined);
    const local = { actor: 'uid:0', origin: 'test' };
    await box.persons.erase(erased, local);
    assert.deepEqual(kept(), [withdrawn]);
    await box.persons.withdrawConsent(withdrawn, local);
    assert.deepEqual(kept(), []);
  });

  test('does not reveal enrolled persons to other readers', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    const centre = new SyncCentre();
    const persons = [wanted(1), wanted(2)];
    await centre.sync(seen(box, issuer), persons);
    const digest = await centre.digest(seen(box, issuer));
    const elsewhere = new SyncCentre();
    assert.notEqual(
      digest.digest,
      elsewhere.digestOf(persons).digest,
      'a reader without the key cannot compute the digest of guessed persons',
    );
    const recorded = box.events().map(({ payload }) => Buffer.from(payload).toString('utf8'));
    assert.ok(recorded.every((text) => !text.includes('E-1') && !text.includes('Person 1')));
  });

  test('continues after an interruption of the centre or the box', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    const centre = new SyncCentre();
    const persons = [wanted(1), wanted(2), wanted(3)];
    const view = seen(box, issuer);
    const { result } = await enrol(box, issuer, wanted(1));
    const person = String(result?.['person']);

    // The centre does not know whether its enrolment was executed.
    const again = await enrol(box, issuer, wanted(1));
    assert.deepEqual([again.outcome, again.code], ['failed', 'external-id-taken']);
    assert.equal(again.result?.['person'], person);
    const lacking = await centre.sync(view, persons);
    assert.deepEqual([lacking.erased, lacking.enrolled], [0, 2]);

    // The box was stopped after the enrolment, before it stored from which photographs it was made.
    box.records.photographHashes.forget([person]);
    assert.deepEqual(await centre.sync(view, persons), { erased: 1, enrolled: 1, buckets: 1 });
    assert.equal((await centre.digest(view)).digest, centre.digestOf(persons).digest);
  });

  test('leaves a removed person out of the digest, and their external id stays taken', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    const centre = new SyncCentre();
    const { result } = await enrol(box, issuer, wanted(1));
    const person = String(result?.['person']);
    await box.persons.remove(person, { actor: 'uid:0', origin: 'test' });
    assert.equal((await centre.digest(seen(box, issuer))).persons, 0);
    const refused = await enrol(box, issuer, wanted(1));
    assert.deepEqual([refused.code, refused.result?.['person']], ['external-id-taken', person]);
    assert.equal((await order(box, issuer, 'erase-person', { person })).outcome, 'done');
    assert.equal((await enrol(box, issuer, wanted(1))).outcome, 'done');
  });

  test('refuses a digest key that was sealed to another box or has a wrong length', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    const foreign = sealed(newKeyPair().publicKey, randomBytes(32));
    assert.equal(
      (await order(box, issuer, 'gallery-digest', { digestKey: foreign })).code,
      'sealed-unreadable',
    );
    const short = sealed(box.boxKey.publicKey, randomBytes(16));
    assert.equal((await order(box, issuer, 'gallery-digest', { digestKey: short })).code, 'sealed-malformed');
  });
});

describe('a person who is changed by command', () => {
  test('gets the data that were sent, and errors do not quote the data', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    const { result } = await enrol(box, issuer, wanted(1));
    await enrol(box, issuer, wanted(2));
    const person = String(result?.['person']);
    const change = (value: object) =>
      order(box, issuer, 'update-person', { person, sealed: sealedJson(box.boxKey.publicKey, value) });
    assert.equal((await change({ name: 'Ada King', notes: 'countess' })).outcome, 'done');
    const shown = await box.persons.show(person, { actor: 'uid:0', origin: 'test' });
    assert.deepEqual([shown?.name, shown?.externalId, shown?.notes], ['Ada King', 'E-1', 'countess']);
    const watch = { mark: 'barred', reason: 'an order' };
    const terms = { groups: ['visitors'], validFrom: '2026-01-01', validUntil: '2026-03-31', watch };
    assert.equal((await change(terms)).outcome, 'done');
    assert.equal((await change({ validFrom: null, groups: ['visitors', 'team'] })).outcome, 'done');
    const by = { actor: 'uid:0', origin: 'test' };
    const { groups, validFrom, validUntil, watch: marked } = (await box.persons.show(person, by)) ?? {};
    assert.deepEqual(
      [groups, validFrom, validUntil, marked],
      [['team', 'visitors'], undefined, '2026-03-31', watch],
    );
    assert.equal((await change({ validFrom: '2026-04-01' })).code, 'profile-refused');
    assert.equal((await change({ externalId: 'E-2' })).code, 'external-id-taken');
    const odd = await change({ nickname: 'Lovelace' });
    assert.equal(odd.code, 'sealed-malformed');
    assert.match(odd.message ?? '', /top level \(unrecognized_keys\)/);
    assert.match((await change({ groups: ['team', 7] })).message ?? '', /groups\.1 \(/);
    assert.doesNotMatch(JSON.stringify(odd), /Lovelace/);
    assert.equal((await order(box, issuer, 'erase-person', { person: 'no-such-id' })).code, 'no-such-person');
    assert.equal(
      (await enrol(box, issuer, wanted(1, { photographs: [paintFace('other')] }))).code,
      'external-id-taken',
    );
    const alike = await enrol(box, issuer, wanted(3, { photographs: [paintFace('face-1', 2)] }));
    assert.deepEqual([alike.code, alike.result?.['person']], ['similar', person]);
    assert.equal(
      (await enrol(box, issuer, wanted(4, { photographs: [Buffer.from('no picture')] }))).code,
      'photographs-refused',
    );
    const crowd = { photographs: [paintFace('among-others', 1, 3)] };
    const fourth = await enrol(box, issuer, wanted(4, { ...crowd, face: 4 }));
    assert.match(JSON.stringify(fourth.result), /"code":"no-such-face"/);
    const second = await enrol(box, issuer, wanted(5, { ...crowd, face: 2 }));
    const picked = { number: 2, count: 3, x: 200, y: 20, width: 80, height: 90 };
    assert.deepEqual(second.result?.['photographs'], [{ outcome: 'enrolled', quality: 0.9, face: picked }]);
    const twoPeople = await enrol(box, issuer, wanted(4, { photographs: [paintFace('x'), paintFace('y')] }));
    assert.equal(twoPeople.code, 'photographs-refused');
    const { photographs } = twoPeople.result as {
      readonly photographs: readonly { readonly code: string }[];
    };
    assert.deepEqual(
      photographs.map(({ code }) => code),
      ['different-person', 'different-person'],
    );
  });
});
