import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ControlClient } from '../../daemon/core/api/client.js';
import { paintFace } from '../support/painted-faces.js';
import { type PersonServer, startPersonServer } from '../support/person-server.js';

const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'list 3' };
const watch = { mark: 'watch', reason: 'asked for' };

async function enrol(client: ControlClient, face: string, more = {}): Promise<string> {
  const photographs = [paintFace(face, 1), paintFace(face, 2)];
  const result = await client.call('persons.enrol', { name: face, photographs, ...more });
  assert.ok(result.outcome === 'enrolled', JSON.stringify(result));
  return result.person.id;
}

/** A test with two persons behind the local API: Ada in the group `day`, Bea in none. */
function served(
  name: string,
  work: (client: ControlClient, ada: string, bea: string, server: PersonServer) => Promise<void>,
): void {
  test(name, async () => {
    await using server = await startPersonServer();
    const ada = await enrol(server.client, 'ada', { groups: ['day'] });
    const bea = await enrol(server.client, 'bea');
    await work(server.client, ada, bea, server);
  });
}

const show = (client: ControlClient, id: string) => client.call('persons.show', { id });
const change = (client: ControlClient, input: object) =>
  client.call('persons.change-many', input as Parameters<typeof client.call<'persons.change-many'>>[1]);

describe('a change of many persons', () => {
  served('adds and removes groups, and keeps the others', async (client, ada, bea) => {
    const { isPreview, persons } = await change(client, {
      ids: [ada, bea],
      addGroups: ['night'],
      removeGroups: ['late'],
    });
    assert.equal(isPreview, false);
    assert.deepEqual(persons, [
      { id: ada, name: 'ada', outcome: 'changed', fields: ['groups'] },
      { id: bea, name: 'bea', outcome: 'changed', fields: ['groups'] },
    ]);
    assert.deepEqual((await show(client, ada)).groups, ['day', 'night']);
    assert.deepEqual((await show(client, bea)).groups, ['night']);
    await change(client, { ids: [ada, bea], removeGroups: ['night'] });
    assert.deepEqual((await show(client, ada)).groups, ['day']);
    assert.equal((await show(client, bea)).groups, undefined);
  });

  served(
    'sets validity, mark, and consent, and null removes what may be absent',
    async (client, ada, bea) => {
      const given = { validFrom: '2026-01-01', validUntil: '2026-12-31', watch, consent };
      const { persons } = await change(client, { ids: [ada, bea], ...given });
      assert.deepEqual(persons[0]?.fields, ['validFrom', 'validUntil', 'watch', 'consent']);
      for (const id of [ada, bea]) {
        const { validFrom, validUntil, watch: marked, consent: recorded } = await show(client, id);
        assert.deepEqual({ validFrom, validUntil, watch: marked, consent: recorded }, given);
      }
      await change(client, { ids: [ada], validUntil: null, watch: null });
      const shown = await show(client, ada);
      assert.deepEqual(
        [shown.validFrom, shown.validUntil, shown.watch],
        ['2026-01-01', undefined, undefined],
      );
      assert.equal((await show(client, bea)).validUntil, '2026-12-31');
    },
  );

  served(
    'as a preview says what would become of each, and changes nothing',
    async (client, ada, bea, server) => {
      const before = [await show(client, ada), await show(client, bea)];
      const entries = server.behind.vault.audit.count({ action: 'person.changed' });
      const { isPreview, persons } = await change(client, {
        ...{ ids: [ada, bea, 'p-nobody'], addGroups: ['day'], isPreview: true },
      });
      assert.equal(isPreview, true);
      assert.deepEqual(
        persons.map(({ outcome }) => outcome),
        ['unchanged', 'changed', 'refused'],
      );
      assert.deepEqual([await show(client, ada), await show(client, bea)], before);
      assert.equal(server.behind.vault.audit.count({ action: 'person.changed' }), entries);
    },
  );

  served('changes the others where one is refused, and says why', async (client, ada, bea) => {
    await change(client, { ids: [ada], validUntil: '2026-03-01' });
    const { persons } = await change(client, { ids: [ada, 'p-nobody', bea], validFrom: '2026-06-01' });
    assert.deepEqual(
      persons.map(({ outcome, refusal }) => [outcome, refusal?.code]),
      [
        ['refused', 'profile-refused'],
        ['refused', 'no-such-person'],
        ['changed', undefined],
      ],
    );
    assert.equal((await show(client, ada)).validFrom, undefined);
    assert.equal((await show(client, bea)).validFrom, '2026-06-01');
  });

  served('does not record consent over a withdrawal', async (client, ada, bea) => {
    await change(client, { ids: [ada, bea], consent });
    await client.call('persons.withdraw-consent', { id: bea });
    const { persons } = await change(client, {
      ids: [ada, bea],
      consent: { ...consent, reference: 'list 4' },
    });
    assert.deepEqual(
      persons.map(({ outcome, refusal }) => [outcome, refusal?.code]),
      [
        ['changed', undefined],
        ['refused', 'consent-withdrawn'],
      ],
    );
    const { consent: kept } = await show(client, bea);
    assert.ok(kept?.withdrawnIso !== undefined && kept.reference === 'list 3');
  });

  served('notes that names were told', async (client, ada, bea, server) => {
    const before = server.behind.vault.audit.count({ action: 'person.listed' });
    await change(client, { ids: [ada, bea], addGroups: ['late'], isPreview: true });
    assert.equal(server.behind.vault.audit.count({ action: 'person.listed' }), before + 1);
  });

  served(
    'leaves one audit entry for each person who was changed, and a repetition none',
    async (client, ada, bea, server) => {
      const count = () => server.behind.vault.audit.count({ action: 'person.changed' });
      const before = count();
      await change(client, { ids: [ada, bea, ada], addGroups: ['day'] });
      assert.equal(count(), before + 1, 'Ada was in the group already');
      const { persons } = await change(client, { ids: [ada, bea], addGroups: ['day'] });
      assert.deepEqual(
        persons.map(({ outcome }) => outcome),
        ['unchanged', 'unchanged'],
      );
      assert.equal(count(), before + 1);
    },
  );

  served(
    'is refused as a whole where nothing is asked, or too many persons are named',
    async (client, ada) => {
      await assert.rejects(change(client, { ids: [ada] }), { code: 'nothing-to-change' });
      await assert.rejects(change(client, { ids: [], addGroups: ['day'] }), { code: 'bad-request' });
      const many = Array.from({ length: 1001 }, (_, index) => `p-${index}`);
      await assert.rejects(change(client, { ids: many, addGroups: ['day'] }), { code: 'bad-request' });
    },
  );
});
