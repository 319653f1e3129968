import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Scope } from '../../daemon/contract/scopes.js';
import { OpenImports } from '../../daemon/core/persons/open-imports.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { paintFace } from '../support/painted-faces.js';
import { until } from '../support/until.js';

function callOf(actor: string, isLimited: boolean, ...scopes: readonly Scope[]) {
  const caller = { actor, origin: 'test', scopes: new Set(scopes), provedAtMs: 'always', isLimited } as const;
  return { caller, signal: new AbortController().signal, requestId: 'r' };
}

async function begin(imports: OpenImports, call: ReturnType<typeof callOf>) {
  const lines = await imports['imports.begin']({}, call);
  const first = await lines.next();
  assert.ok(first.value);
  return { ...first.value, lines };
}

const row = (face: string) => ({ name: face, photographs: [paintFace(face)], isDuplicateAllowed: false });
const idleMs = 15 * 60_000;

describe('imports of callers from the network', () => {
  test('are two for each caller, so that one cannot lock out others', async () => {
    await using gallery = await openGalleryPersons();
    const imports = new OpenImports(gallery.persons, new VirtualClock(), silentLogger);
    const [ada, bea, local] = [
      callOf('user:ada', true),
      callOf('user:bea', true),
      callOf('uid:0', false),
    ] as const;
    const [first] = await Promise.all([begin(imports, ada), begin(imports, ada)]);
    await assert.rejects(begin(imports, ada), {
      code: 'too-many-imports',
      message: 'the import was not begun: 2 of your imports are open',
    });
    await begin(imports, bea);
    for (let count = 0; count < 3; count += 1) await begin(imports, local);
    await imports['imports.abandon'](first, ada);
    await begin(imports, ada);
  });

  test('are two for each caller also if they begin at the same moment', async () => {
    await using gallery = await openGalleryPersons();
    const imports = new OpenImports(gallery.persons, new VirtualClock(), silentLogger);
    const ada = callOf('user:ada', true);
    const begun = await Promise.allSettled(Array.from({ length: 3 }, () => begin(imports, ada)));
    assert.deepEqual(
      begun.map((each) => (each.status === 'rejected' ? each.reason.code : each.status)),
      ['fulfilled', 'fulfilled', 'too-many-imports'],
    );
  });

  test('end after 15 minutes without a row, and those of the box do not', async () => {
    await using gallery = await openGalleryPersons();
    const clock = new VirtualClock();
    const imports = new OpenImports(gallery.persons, clock, silentLogger);
    const [network, local] = [callOf('user:ada', true), callOf('uid:0', false)] as const;
    const [theirs, ofBox] = [await begin(imports, network), await begin(imports, local)];
    clock.advanceBy(idleMs - 1);
    const stage = async (importId: string, face: string, call: typeof network) =>
      await imports['imports.stage']({ importId, ...row(face) }, call);
    assert.equal((await stage(theirs.importId, 'ada', network)).outcome, 'accepted');
    clock.advanceBy(idleMs - 1);
    assert.equal(gallery.rowCount(), 1, 'the row began the time anew');
    clock.advanceBy(1);
    await until('the staged row is forgotten', () => gallery.rowCount() === 0);
    assert.equal((await theirs.lines.next()).done, true, 'the answer that held it open has ended');
    await assert.rejects(stage(theirs.importId, 'bea', network), { code: 'no-such-import' });
    assert.equal((await stage(ofBox.importId, 'bea', local)).outcome, 'accepted');
  });

  test('end after 15 minutes without any row, and make room for others', async () => {
    await using gallery = await openGalleryPersons();
    const clock = new VirtualClock();
    const imports = new OpenImports(gallery.persons, clock, silentLogger);
    const ada = callOf('user:ada', true);
    const [first, second] = [await begin(imports, ada), await begin(imports, ada)];
    clock.advanceBy(idleMs - 1);
    await assert.rejects(begin(imports, ada), { code: 'too-many-imports' });
    clock.advanceBy(1);
    for (const { lines } of [first, second]) assert.equal((await lines.next()).done, true);
    await begin(imports, ada);
  });

  test('name a person whom a row resembles only to callers who may read names', async () => {
    await using gallery = await openGalleryPersons();
    const imports = new OpenImports(gallery.persons, new VirtualClock(), silentLogger);
    const actor = { actor: 'uid:0', origin: 'test' };
    const enrolled = await gallery.persons.add({ ...row('ada'), isDryRun: false }, actor);
    assert.ok(enrolled.outcome === 'enrolled');
    const personId = enrolled.person.id;
    for (const [scopes, name] of [
      [[], undefined],
      [['names:read'], 'ada'],
    ] as const) {
      const call = callOf('user:ada', true, ...scopes);
      const { importId } = await begin(imports, call);
      const refused = await imports['imports.stage']({ importId, ...row('ada') }, call);
      assert.ok(refused.outcome === 'similar');
      assert.deepEqual([refused.personId, refused.name], [personId, name]);
      const allowed = { importId, ...row('ada'), isDuplicateAllowed: true };
      const warned = await imports['imports.stage'](allowed, call);
      assert.ok(warned.outcome === 'accepted');
      assert.deepEqual(
        warned.resembles?.map((other) => [other.personId, other.name]),
        [[personId, name]],
      );
    }
    const readings = gallery.vault.audit.list({ action: 'person.recognised' });
    assert.deepEqual(
      readings.map(({ actor: by, details }) => [by, details]),
      Array.from({ length: 4 }, () => ['user:ada', { faces: 1, matches: 1 }]),
    );
  });
});
