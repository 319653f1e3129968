import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Actor } from '../../daemon/audit/actor.js';
import { isRollcallError } from '../../daemon/base/errors.js';
import type { EnrolmentRequest, PersonControl } from '../../daemon/control/person-control.js';
import { paintFace, paintWall } from './painted-faces.js';

/** Persons to test, in which nobody is enrolled, and which tell the faces of `painted-faces.ts` apart. */
export interface PersonsUnderTest extends AsyncDisposable {
  readonly persons: PersonControl;
}

const actor: Actor = { actor: 'uid:1000', origin: 'test' };
const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' };

function request(face: string, more: Partial<EnrolmentRequest> = {}): EnrolmentRequest {
  const photographs = [paintFace(face, 1), paintFace(face, 2)];
  return { name: face, photographs, isDuplicateAllowed: false, isDryRun: false, ...more };
}

async function enrol(
  persons: PersonControl,
  face: string,
  more: Partial<EnrolmentRequest> = {},
): Promise<string> {
  const result = await persons.add(request(face, more), actor);
  assert.equal(result.outcome, 'enrolled', JSON.stringify(result));
  return result.outcome === 'enrolled' ? result.person.id : '';
}

async function names(persons: PersonControl, isRemovedIncluded = false): Promise<readonly string[]> {
  return (await persons.list({ isRemovedIncluded }, actor)).map(({ name }) => name);
}

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    isRollcallError(error, code);

/** What every `PersonControl` keeps to, whatever is behind it. */
export function personContract(what: string, open: () => Promise<PersonsUnderTest>): void {
  const contract = (name: string, work: (persons: PersonControl) => Promise<void>): void => {
    test(name, async () => {
      await using under = await open();
      await work(under.persons);
    });
  };
  describe(`persons: ${what}`, () => {
    enrolment(contract);
    changes(contract);
    endings(contract);
    exports(contract);
    imports(contract);
  });
}

type Contract = (name: string, work: (persons: PersonControl) => Promise<void>) => void;

function enrolment(contract: Contract): void {
  contract('somebody is enrolled with a profile, trimmed and normalised', async (persons) => {
    const id = await enrol(persons, 'ada', {
      name: ' Ada\u0301 ',
      externalId: ' 17 ',
      notes: 'night\nshift',
      consent,
    });
    const shown = await persons.show(id, actor);
    assert.equal(shown?.name, 'Ad\u00e1');
    assert.equal(shown?.externalId, '17');
    assert.equal(shown?.notes, 'night\nshift');
    assert.deepEqual(shown?.consent, consent);
    assert.equal(shown?.state, 'active');
    assert.equal(shown?.templates, 2);
    assert.equal(shown?.photographIds.length, 2);
    assert.equal(shown?.removedAt, undefined);
  });

  contract('nothing is stored of whom a rule keeps out', async (persons) => {
    const id = await enrol(persons, 'ada', { externalId: '17' });
    const wall = await persons.add(request('bea', { photographs: [paintFace('bea'), paintWall()] }), actor);
    assert.equal(wall.outcome, 'refused');
    assert.deepEqual(wall.outcome === 'refused' && wall.photographs.map(({ outcome }) => outcome), [
      'enrolled',
      'refused',
    ]);
    const similar = await persons.add(request('ada', { name: 'Eve' }), actor);
    assert.equal(similar.outcome, 'similar');
    assert.equal(similar.outcome === 'similar' && similar.personId, id);
    const taken = await persons.add(request('bea', { externalId: '17' }), actor);
    assert.deepEqual(taken, { outcome: 'external-id-taken', personId: id });
    await assert.rejects(persons.add(request('bea', { name: ' ' }), actor), hasCode('profile-refused'));
    const tomorrow = { ...consent, dateIso: '2999-01-01' };
    await assert.rejects(
      persons.add(request('bea', { consent: tomorrow }), actor),
      hasCode('profile-refused'),
    );
    assert.deepEqual(await names(persons, true), ['ada']);
  });

  contract('photographs of different people are not enrolled as one person', async (persons) => {
    const codes = async (...faces: readonly string[]) => {
      const photographs = faces.map((face, view) => paintFace(face, view));
      const result = await persons.add(request('ada', { photographs, isDuplicateAllowed: true }), actor);
      assert.equal(result.outcome, 'refused', JSON.stringify(result));
      if (result.outcome !== 'refused') return [];
      return result.photographs.map((each) => (each.outcome === 'refused' ? each.code : each.outcome));
    };
    const other = 'different-person';
    assert.deepEqual(await codes('ada', 'bea'), [other, other], 'either may be the wrong one');
    assert.deepEqual(await codes('ada', 'bea', 'ada'), ['enrolled', other, 'enrolled'], 'a majority decides');
    assert.deepEqual(await codes('ada', 'bea', 'ada', 'bea'), [other, other, other, other]);
    assert.deepEqual(await names(persons, true), []);
  });

  contract('a dry run stores nothing, and a duplicate may be allowed', async (persons) => {
    const dry = await persons.add(request('ada', { isDryRun: true }), actor);
    assert.equal(dry.outcome, 'enrollable');
    assert.deepEqual(await names(persons), []);
    await enrol(persons, 'ada');
    await enrol(persons, 'ada', { name: 'twin', isDuplicateAllowed: true });
    assert.deepEqual(await names(persons), ['ada', 'twin']);
  });
}

function changes(contract: Contract): void {
  contract('a profile is changed field by field', async (persons) => {
    const id = await enrol(persons, 'ada', { externalId: '17', notes: 'night shift', consent });
    const renamed = await persons.update(id, { name: 'Augusta' }, actor);
    assert.equal(renamed.outcome === 'updated' && renamed.person.name, 'Augusta');
    assert.equal(renamed.outcome === 'updated' && renamed.person.notes, 'night shift');
    await persons.update(id, { notes: null, externalId: '18' }, actor);
    const shown = await persons.show(id, actor);
    assert.deepEqual([shown?.name, shown?.externalId, shown?.notes], ['Augusta', '18', undefined]);
    assert.deepEqual(shown?.consent, consent);
  });

  contract('a change that cannot be made changes nothing', async (persons) => {
    const ada = await enrol(persons, 'ada', { externalId: '17' });
    const bea = await enrol(persons, 'bea');
    const taken = await persons.update(bea, { name: 'x', externalId: '17' }, actor);
    assert.deepEqual(taken, { outcome: 'external-id-taken', personId: ada });
    await assert.rejects(persons.update(bea, { name: '' }, actor), hasCode('profile-refused'));
    assert.deepEqual(await names(persons), ['ada', 'bea']);
    assert.equal((await persons.update(ada, { externalId: '17' }, actor)).outcome, 'updated', 'their own');
    assert.deepEqual(await persons.update('p-nobody', { name: 'x' }, actor), { outcome: 'no-such-person' });
  });
}

function endings(contract: Contract): void {
  contract('somebody removed is out of the list until restored', async (persons) => {
    const id = await enrol(persons, 'ada');
    assert.equal((await persons.restore(id, actor)).outcome, 'not-removed');
    assert.equal((await persons.remove(id, actor)).outcome, 'removed');
    assert.deepEqual(await names(persons), []);
    assert.deepEqual(await names(persons, true), ['ada']);
    assert.equal((await persons.show(id, actor))?.state, 'removed');
    const removedAt = (await persons.show(id, actor))?.removedAt;
    assert.notEqual(removedAt, undefined);
    const again = { outcome: 'already-removed', removedAt, canBeRestored: true };
    assert.deepEqual(await persons.remove(id, actor), again, 'it is told since when');
    const restored = await persons.restore(id, actor);
    assert.equal(restored.outcome === 'restored' && restored.person.state, 'active');
    assert.deepEqual(await names(persons), ['ada']);
  });

  contract('an erasure leaves nothing, and a certificate', async (persons) => {
    const id = await enrol(persons, 'ada', { externalId: '17' });
    const certificate = await persons.erase(id, actor);
    assert.ok(certificate);
    assert.deepEqual([certificate.personId, certificate.scope], [id, 'person']);
    assert.deepEqual(certificate.what, { templates: 2, photographs: 2, evidence: 0 });
    assert.match(certificate.by, /^uid:\d+$/);
    assert.match(certificate.auditHash, /^[0-9a-f]{64}$/);
    assert.ok(Number.isInteger(certificate.auditSequence));
    assert.equal(await persons.show(id, actor), undefined);
    assert.deepEqual(await names(persons, true), []);
    assert.equal(await persons.erase(id, actor), undefined, 'there is nobody left to erase');
    await enrol(persons, 'ada', { externalId: '17' });
  });

  contract(
    'a withdrawal of consent erases what recognises, keeps the proof, and has no way back',
    async (persons) => {
      const id = await enrol(persons, 'ada', { consent });
      const certificate = await persons.withdrawConsent(id, actor);
      assert.equal(certificate?.scope, 'biometric-data');
      assert.deepEqual(certificate?.what, { templates: 2, photographs: 2, evidence: 0 });
      const shown = await persons.show(id, actor);
      assert.deepEqual([shown?.state, shown?.templates, shown?.photographs], ['removed', 0, 0]);
      assert.equal(shown?.consent?.reference, 'form 7');
      assert.match(shown?.consent?.withdrawnIso ?? '', /^\d{4}-\d\d-\d\d$/);
      assert.equal((await persons.restore(id, actor)).outcome, 'consent-withdrawn');
      const again = await persons.remove(id, actor);
      assert.equal(again.outcome === 'already-removed' && again.canBeRestored, false);
      await enrol(persons, 'ada', { name: 'Ada anew' });
    },
  );

  contract('nobody is nobody', async (persons) => {
    assert.equal(await persons.show('p-nobody', actor), undefined);
    assert.deepEqual(await persons.remove('p-nobody', actor), { outcome: 'no-such-person' });
    assert.deepEqual(await persons.restore('p-nobody', actor), { outcome: 'no-such-person' });
    assert.equal(await persons.erase('p-nobody', actor), undefined);
    assert.equal(await persons.withdrawConsent('p-nobody', actor), undefined);
    assert.equal(await persons.exportPerson('p-nobody', 'everything', actor), undefined);
    assert.equal(await persons.readPhotograph('p-nobody', 'h-none', actor), undefined);
  });
}

function exports(contract: Contract): void {
  contract('an export holds profile, photographs, templates and the audit entries', async (persons) => {
    const id = await enrol(persons, 'ada', { consent });
    await enrol(persons, 'bea');
    const record = await persons.exportPerson(id, 'everything', actor);
    assert.deepEqual(record?.person, await persons.show(id, actor));
    assert.equal(record?.templates.length, 2);
    assert.ok(record?.templates.every(({ vectorBase64 }) => vectorBase64 !== ''));
    assert.deepEqual(
      record?.photographs.map((photograph) => photograph.id),
      record?.person.photographIds,
    );
    for (const { id: photographId, jpeg } of record?.photographs ?? []) {
      assert.deepEqual(await persons.readPhotograph(id, photographId, actor), jpeg);
    }
    assert.ok(
      record?.audit.some(({ action }) => action === 'person.exported'),
      'an export tells of itself',
    );
    const enrolmentOnly = await persons.exportPerson(id, 'enrolment', actor);
    assert.deepEqual(enrolmentOnly?.photographs, record?.photographs);
    assert.deepEqual([enrolmentOnly?.templates, enrolmentOnly?.audit], [[], []]);
  });
}

function imports(contract: Contract): void {
  contract('an import appears as a whole when it is committed', async (persons) => {
    const importId = await persons.beginImport(actor);
    for (const face of ['ada', 'bea']) {
      assert.equal((await persons.stage(importId, request(face), actor)).outcome, 'accepted');
    }
    assert.deepEqual(await names(persons, true), [], 'staged persons are nobody yet');
    const { personIds } = await persons.commitImport(importId, actor);
    assert.equal(personIds.length, 2);
    assert.deepEqual(
      (await persons.list({ isRemovedIncluded: false }, actor)).map(({ id }) => id),
      personIds,
    );
    assert.equal(await persons.abandonImport(importId, actor), false, 'it is over');
    assert.deepEqual(await names(persons), ['ada', 'bea']);
    await assert.rejects(persons.stage(importId, request('cyd'), actor), hasCode('no-such-import'));
    await assert.rejects(persons.commitImport(importId, actor), hasCode('no-such-import'));
  });

  contract('an import that is abandoned was never there', async (persons) => {
    const importId = await persons.beginImport(actor);
    await persons.stage(importId, request('ada', { externalId: '17' }), actor);
    assert.equal(await persons.abandonImport(importId, actor), true);
    assert.deepEqual(await names(persons, true), []);
    await assert.rejects(persons.commitImport(importId, actor), hasCode('no-such-import'));
    await enrol(persons, 'ada', { externalId: '17' });
  });

  contract('rows are held against the enrolled and against one another', async (persons) => {
    const ada = await enrol(persons, 'ada', { externalId: '17' });
    const importId = await persons.beginImport(actor);
    const stage = (face: string, more: Partial<EnrolmentRequest> = {}) =>
      persons.stage(importId, request(face, more), actor);
    assert.deepEqual(await stage('bea', { externalId: '17' }), {
      outcome: 'external-id-taken',
      personId: ada,
    });
    assert.equal((await stage('ada')).outcome, 'similar');
    assert.equal((await stage('bea', { externalId: '18' })).outcome, 'accepted');
    assert.equal((await stage('cyd', { externalId: '18' })).outcome, 'external-id-taken');
    const twice = await stage('bea', { name: 'Bea again' });
    assert.equal(twice.outcome === 'similar' && twice.name, 'bea');
    assert.equal((await stage('cyd', { photographs: [paintWall()] })).outcome, 'refused');
    const two = await stage('cyd', { photographs: [paintFace('cyd'), paintFace('dan')] });
    assert.equal(two.outcome, 'refused', 'one row is one person');
    assert.equal((await persons.commitImport(importId, actor)).personIds.length, 1);
  });
}
