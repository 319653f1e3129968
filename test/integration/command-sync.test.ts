import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { type DigestPerson, digestEntry, galleryDigest } from '../../daemon/app/centre-digest.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { listedPersonsSchema } from '../../daemon/publish/contract/command-schema.js';
import { type Issuer, newIssuer, sealed, sealedJson, token, trust } from '../support/command-centre.js';
import { type CommandedBox, openCommandedBox, type Reply } from '../support/commanded-box.js';
import { paintFace } from '../support/painted-faces.js';

/** Somebody as the centre has them. */
interface Wanted {
  readonly externalId: string;
  readonly name: string;
  readonly photographs: readonly Buffer[];
}

const wanted = (number: number, more: Partial<Wanted> = {}): Wanted => ({
  externalId: `E-${number}`,
  name: `Person ${number}`,
  photographs: [paintFace(`face-${number}`)],
  ...more,
});

async function order(box: CommandedBox, issuer: Issuer, command: string, given: object): Promise<Reply> {
  const id = randomUUID();
  const bytes = await token(issuer, { command, id, arguments: { ...given } });
  await box.desk.receive(command, bytes);
  return box.answer(id);
}

function enrol(box: CommandedBox, issuer: Issuer, person: Wanted): Promise<Reply> {
  const photographs = person.photographs.map((file) => file.toString('base64url'));
  return order(box, issuer, 'enrol-person', {
    sealed: sealedJson(box.boxKey.publicKey, { ...person, photographs }),
  });
}

/** A centre that brings boxes to the state it wants, with nothing but commands. */
class Centre {
  readonly issuer: Issuer;
  readonly key = randomBytes(32);
  readonly pair = newKeyPair();

  constructor(issuer: Issuer) {
    this.issuer = issuer;
  }

  /** What the digest of a box must be that has exactly these persons. */
  digestOf(persons: readonly Wanted[]) {
    const entries = persons.map((person) => this.#entryOf(person));
    return { entries, ...galleryDigest(entries, this.key) };
  }

  async digest(box: CommandedBox) {
    const digestKey = sealed(box.boxKey.publicKey, this.key);
    const reply = await order(box, this.issuer, 'gallery-digest', { digestKey });
    assert.equal(reply.outcome, 'done', JSON.stringify(reply));
    return reply.result as { digest: string; buckets: string[]; persons: number; withoutExternalId: number };
  }

  /** Removes and enrols what differs; how many of each. */
  async sync(box: CommandedBox, persons: readonly Wanted[]) {
    const target = this.digestOf(persons);
    const found = await this.digest(box);
    const different = target.buckets.flatMap((digest, bucket) =>
      digest === found.buckets[bucket] ? [] : [bucket],
    );
    const done = { erased: 0, enrolled: 0, buckets: different.length };
    for (let first = 0; first < different.length; first += 64) {
      const buckets = different.slice(first, first + 64);
      const listed = await this.#list(box, buckets);
      const known = new Set(target.entries.map(({ digest }) => digest));
      const there = new Set(listed.map(({ digest }) => digest));
      for (const { person, digest } of listed) {
        if (known.has(digest)) continue;
        assert.equal((await order(box, this.issuer, 'erase-person', { person })).outcome, 'done');
        done.erased += 1;
      }
      for (const [index, { digest, bucket }] of target.entries.entries()) {
        const person = persons[index];
        if (there.has(digest) || !buckets.includes(bucket) || person === undefined) continue;
        const reply = await enrol(box, this.issuer, person);
        assert.equal(reply.outcome, 'done', JSON.stringify(reply));
        done.enrolled += 1;
      }
    }
    return done;
  }

  async #list(box: CommandedBox, buckets: readonly number[]) {
    const digestKey = sealed(box.boxKey.publicKey, this.key);
    const sealTo = Buffer.from(this.pair.publicKey).toString('base64url');
    const reply = await order(box, this.issuer, 'list-persons', { digestKey, buckets, sealTo });
    assert.equal(reply.outcome, 'done', JSON.stringify(reply));
    const opened = openSealed(this.pair, Buffer.from(String(reply.result?.['sealed']), 'base64url'));
    assert.ok(opened);
    return listedPersonsSchema.parse(JSON.parse(Buffer.from(opened).toString('utf8')));
  }

  #entryOf({ externalId, name, photographs }: Wanted) {
    const hashes = photographs.map((file) => createHash('sha256').update(file).digest('hex')).sort();
    const person: DigestPerson = { personId: '', externalId, name, photographs: hashes };
    return digestEntry(person, this.key);
  }
}

describe('difference sync', { timeout: 240_000 }, () => {
  test('brings two boxes with differences to the same 300 persons, and proves that they agree', async () => {
    await using first = await openCommandedBox();
    await using second = await openCommandedBox();
    const issuer = await newIssuer();
    for (const { records } of [first, second]) await trust(records.commands.trust, issuer);
    const centre = new Centre(issuer);
    const persons = Array.from({ length: 300 }, (_, number) => wanted(number));

    const empty = await centre.digest(first);
    assert.equal(empty.digest, (await centre.digest(second)).digest, 'empty galleries agree');
    assert.deepEqual(await centre.sync(first, persons), {
      erased: 0,
      enrolled: 300,
      buckets: new Set(centre.digestOf(persons).entries.map(({ bucket }) => bucket)).size,
    });

    // The second lacks some, has somebody who left, another name, another photograph, and one whom no centre knows.
    const old = [
      ...persons.slice(20, 297),
      wanted(297, { name: 'Before the wedding' }),
      wanted(298, { photographs: [paintFace('face-298', 2)] }),
      wanted(900),
    ];
    await centre.sync(second, old);
    const local = { actor: 'uid:0', origin: 'test' };
    const walkIn = { photographs: [paintFace('visitor')], isDuplicateAllowed: false, isDryRun: false };
    assert.equal((await second.persons.add({ name: 'Visitor', ...walkIn }, local)).outcome, 'enrolled');
    const before = await centre.digest(second);
    assert.notEqual(before.digest, (await centre.digest(first)).digest);
    assert.deepEqual([before.persons, before.withoutExternalId], [280, 1]);

    const done = await centre.sync(second, persons);
    assert.deepEqual([done.enrolled, done.erased], [23, 3]);
    assert.ok(done.buckets <= 24, 'only what differs was looked at');
    const [one, other] = [await centre.digest(first), await centre.digest(second)];
    const target = centre.digestOf(persons);
    assert.equal(one.digest, target.digest);
    assert.equal(other.digest, target.digest);
    assert.deepEqual([one.buckets, other.buckets], [target.buckets, target.buckets]);
    assert.deepEqual(await centre.sync(second, persons), { erased: 0, enrolled: 0, buckets: 0 });

    // What is changed at the box shows, too.
    const [somebody] = await first.access.gallery().listPersons();
    assert.ok(somebody);
    await first.persons.update(somebody.id, { notes: 'changed at the box' }, local);
    assert.notEqual((await centre.digest(first)).digest, target.digest);
  });

  test('keeps nothing of the photographs of somebody who is erased at the box, or withdraws', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    await enrol(box, issuer, wanted(1));
    await enrol(box, issuer, wanted(2));
    const kept = () => [...box.records.commands.photographs.personIds()];
    const [erased, withdrawn] = kept();
    assert.ok(erased !== undefined && withdrawn !== undefined);
    const local = { actor: 'uid:0', origin: 'test' };
    await box.persons.erase(erased, local);
    assert.deepEqual(kept(), [withdrawn]);
    await box.persons.withdrawConsent(withdrawn, local);
    assert.deepEqual(kept(), []);
  });

  test('tells nobody who reads along who is enrolled', async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer);
    const centre = new Centre(issuer);
    const persons = [wanted(1), wanted(2)];
    await centre.sync(box, persons);
    const digest = await centre.digest(box);
    const elsewhere = new Centre(issuer);
    assert.notEqual(
      digest.digest,
      elsewhere.digestOf(persons).digest,
      'without the key, names cannot be tried',
    );
    const recorded = box.events().map(({ payload }) => Buffer.from(payload).toString('utf8'));
    assert.ok(recorded.every((text) => !text.includes('E-1') && !text.includes('Person 1')));
  });

  test('refuses a digest key that was sealed to another box, or is none', async () => {
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
  test('has what was sent, and what is wrong is named without being repeated', async () => {
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
    assert.equal((await change({ externalId: 'E-2' })).code, 'external-id-taken');
    const odd = await change({ nickname: 'Ada' });
    assert.equal(odd.code, 'sealed-malformed');
    assert.doesNotMatch(JSON.stringify(odd), /Ada/);
    assert.equal((await order(box, issuer, 'erase-person', { person: 'nobody' })).code, 'no-such-person');
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
  });
});
