import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { personOperations } from '../../daemon/contract/persons.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { RollcallError } from '../../daemon/kernel/errors.js';
import { tester } from '../support/gallery-fixture.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { paintFace } from '../support/painted-faces.js';
import { startPersonServer } from '../support/person-server.js';

describe('the erasure of many persons', () => {
  test('erases each with an entry and a certificate, after a preview that erases nothing, and refuses who is gone', async () => {
    await using server = await startPersonServer();
    const { client, behind } = server;
    const ids: string[] = [];
    for (const face of ['ada', 'bea', 'eve']) {
      const photographs = [paintFace(face, 1), paintFace(face, 2)];
      const result = await client.call('persons.enrol', { name: face, photographs });
      assert.ok(result.outcome === 'enrolled', JSON.stringify(result));
      ids.push(result.person.id);
    }
    const [ada = '', bea = '', eve = ''] = ids;
    const entries = (): number => behind.vault.audit.count({ action: 'person.erased' });

    const asked = { ids: [ada, 'p-nobody', ada, bea] };
    const preview = await client.call('persons.erase-many', { ...asked, isPreview: true });
    assert.equal(preview.isPreview, true);
    assert.deepEqual(
      preview.persons.map(({ id, name, outcome, photographs }) => [id, name, outcome, photographs]),
      [
        [ada, 'ada', 'erased', 2],
        ['p-nobody', undefined, 'refused', 0],
        [bea, 'bea', 'erased', 2],
      ],
    );
    assert.ok(preview.persons.every(({ certificate }) => certificate === undefined));
    assert.equal(entries(), 0);
    assert.equal((await client.call('persons.show', { id: ada })).name, 'ada');

    const { persons } = await client.call('persons.erase-many', asked);
    assert.deepEqual(
      persons.map(({ outcome, certificate, refusal }) => [outcome, certificate?.personId, refusal?.code]),
      [
        ['erased', ada, undefined],
        ['refused', undefined, 'no-such-person'],
        ['erased', bea, undefined],
      ],
    );
    assert.equal(entries(), 2);
    const [first] = persons;
    assert.equal(first?.certificate?.what.photographs, first?.photographs);
    const { items } = await client.call('persons.list', {});
    assert.deepEqual(
      items.map(({ id }) => id),
      [eve],
    );
    const again = await client.call('persons.erase-many', asked);
    assert.ok(again.persons.every(({ outcome }) => outcome === 'refused'));
    assert.equal(entries(), 2);
  });

  test('that a fault ends early still returns the certificates, and why the others are not erased', async () => {
    await using behind = await openGalleryPersons();
    const { persons, vault } = behind;
    const ids: string[] = [];
    for (const face of ['ada', 'bea', 'eve']) {
      const photographs = [paintFace(face, 1)];
      const result = await persons.add(
        { name: face, photographs, isDuplicateAllowed: false, isDryRun: false },
        tester,
      );
      assert.ok(result.outcome === 'enrolled', JSON.stringify(result));
      ids.push(result.person.id);
    }
    const caller: Caller = { ...tester, scopes: new Set(allScopes), provedAtMs: 'always', isLimited: false };
    const gallery = vault.gallery();
    const { erasePerson } = gallery;
    const fault = new RollcallError({
      ...{ kind: 'operational', code: 'disk-full', message: 'the disk is full', remedy: 'Free space.' },
    });
    const erased = mock.method(gallery, 'erasePerson', (...given: Parameters<typeof erasePerson>) => {
      if (erased.mock.callCount() > 0) throw fault;
      return erasePerson.apply(gallery, given);
    });
    const answer = await persons.eraseMany({ ids, isPreview: false }, caller);
    assert.deepEqual(
      answer.persons.map(({ id, name, outcome, certificate, refusal }) => [
        ...[id, name, outcome, certificate?.personId, refusal?.code],
      ]),
      [
        [ids[0], undefined, 'erased', ids[0], undefined],
        [ids[1], undefined, 'refused', undefined, 'disk-full'],
        [ids[2], undefined, 'refused', undefined, 'disk-full'],
      ],
    );
    // Nothing was erased yet: the fault is that of the request.
    await assert.rejects(persons.eraseMany({ ids: ids.slice(1), isPreview: false }, caller), fault);
    assert.equal(erased.mock.callCount(), 3);
  });

  test('asks for a fresh proof and a second person, but not for a preview', () => {
    const { needsStepUp, secondPerson, withoutProof } = personOperations['persons.erase-many'];
    assert.deepEqual([needsStepUp, secondPerson], [true, 'erase']);
    assert.equal(withoutProof.holds({ ids: ['p-1'], isPreview: true }), true);
    assert.equal(withoutProof.holds({ ids: ['p-1'], isPreview: false }), false);
    assert.equal(withoutProof.holds({ ids: ['p-1'] }), false);
  });
});
