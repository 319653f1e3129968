import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import type { CommandScope } from '../../daemon/contract/command-scopes.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { newIssuer, sealedJson, token, trust } from '../support/command-centre.js';
import { type CommandedBox, openCommandedBox, type Reply } from '../support/commanded-box.js';
import { paintFace } from '../support/painted-faces.js';

interface Centre {
  readonly box: CommandedBox;
  readonly ada: string;
  /** Sends `call-operation` with this scope in the claims, and waits for the reply. */
  call(scope: string, given: Readonly<Record<string, unknown>>): Promise<Reply>;
}

/** Enrols a person with this name, and returns the ID. */
async function enrolled({ persons }: CommandedBox, name: string): Promise<string> {
  const photographs = [1, 2].map((seed) => paintFace(name.toLowerCase(), seed));
  const result = await persons.add({ name, photographs } as never, { actor: 'uid:0', origin: 'test' });
  assert.ok(result.outcome === 'enrolled', JSON.stringify(result));
  return result.person.id;
}

/** A box with Ada, and a centre whose issuer is trusted with `scopes`. */
function served(
  name: string,
  scopes: readonly CommandScope[],
  work: (centre: Centre) => Promise<void>,
): void {
  test(name, async () => {
    await using box = await openCommandedBox();
    const issuer = await newIssuer();
    await trust(box.records.commands.trust, issuer, scopes);
    await work({
      box,
      ada: await enrolled(box, 'Ada'),
      async call(scope, given) {
        const id = randomUUID();
        const bytes = await token(issuer, { command: 'call-operation', id, scope, arguments: given });
        await box.receiver.receive('call-operation', bytes);
        return await box.answer(id);
      },
    });
  });
}

const opened = (reply: Reply, key: ReturnType<typeof newKeyPair>): unknown =>
  JSON.parse(
    Buffer.from(openSealed(key, Buffer.from(String(reply.result?.['sealed']), 'base64url')) ?? []).toString(
      'utf8',
    ),
  );

const sealTo = (key: ReturnType<typeof newKeyPair>) => Buffer.from(key.publicKey).toString('base64url');

describe('the command that calls an operation', () => {
  served(
    'answers as the operation does, with what is personal sealed',
    ['persons:read'],
    async ({ box, ada, call }) => {
      const key = newKeyPair();
      const sealed = sealedJson(box.boxKey.publicKey, { limit: 10, text: 'ada' });
      const reply = await call('persons:read', { operation: 'persons.list', sealed, sealTo: sealTo(key) });
      assert.equal(reply.outcome, 'done', JSON.stringify(reply));
      assert.equal(reply.result?.['answer'], undefined);
      const answer = opened(reply, key) as {
        readonly items: readonly { readonly id: string; readonly name: string }[];
      };
      assert.deepEqual(
        answer.items.map(({ id, name }) => ({ id, name })),
        [{ id: ada, name: 'Ada' }],
      );
      assert.ok(!JSON.stringify(box.replies()).includes('Ada'), 'no reply has the name');
    },
  );

  served(
    'takes a sealed input, and tells the audit log who called',
    ['persons:write'],
    async ({ box, ada, call }) => {
      const key = newKeyPair();
      const sealed = sealedJson(box.boxKey.publicKey, { ids: [ada], addGroups: ['night'] });
      const reply = await call('persons:write', {
        operation: 'persons.change-many',
        sealed,
        sealTo: sealTo(key),
      });
      assert.equal(reply.outcome, 'done', JSON.stringify(reply));
      const answer = { isPreview: false, persons: [{ id: ada, outcome: 'changed', fields: ['groups'] }] };
      assert.deepEqual(opened(reply, key), answer, 'no name, which the scope is not for');
      assert.deepEqual(box.vault.gallery().showPerson(ada as never)?.profile?.groups, ['night']);
      const [entry] = box.vault.audit.list({ action: 'person.changed', limit: 1 });
      assert.match(entry?.actor ?? '', /^issuer:/);
      const [executed] = box.vault.audit.list({ action: 'command.executed', limit: 1 });
      assert.equal(executed?.details['operation'], 'persons.change-many');
    },
  );

  served(
    'gives an answer without names openly, unless the centre gives a key',
    ['persons:erase'],
    async ({ box, ada, call }) => {
      const key = newKeyPair();
      const erase = { operation: 'persons.erase', input: { id: ada } };
      const sealed = await call('persons:erase', { ...erase, sealTo: sealTo(key) });
      assert.equal((opened(sealed, key) as { readonly personId: string }).personId, ada);
      assert.equal(sealed.result?.['answer'], undefined);
      const bea = await enrolled(box, 'bea');
      const open = await call('persons:erase', { operation: 'persons.erase', input: { id: bea } });
      const { answer, operation } = open.result as { readonly operation: string; readonly answer: object };
      assert.deepEqual(
        [operation, (answer as { readonly personId?: string }).personId],
        ['persons.erase', bea],
      );
    },
  );

  served('with a key that cannot be used changes nothing', ['persons:erase'], async ({ box, ada, call }) => {
    const weak = Buffer.alloc(32).toString('base64url');
    const reply = await call('persons:erase', {
      operation: 'persons.erase',
      input: { id: ada },
      sealTo: weak,
    });
    assert.deepEqual([reply.outcome, reply.code], ['failed', 'public-key-weak']);
    assert.equal(box.vault.gallery().showPerson(ada as never)?.state, 'active');
  });

  served(
    'is refused where something personal is not sealed, and changes nothing',
    ['persons:write', 'persons:read', 'persons:erase'],
    async ({ box, ada, call }) => {
      const key = newKeyPair();
      const input = { ids: [ada], addGroups: ['night'] };
      const sealed = sealedJson(box.boxKey.publicKey, input);
      for (const given of [
        { operation: 'persons.change-many', input, sealTo: sealTo(key) },
        { operation: 'persons.change-many', sealed, input, sealTo: sealTo(key) },
        { operation: 'persons.change-many', sealed },
      ]) {
        const { outcome, code } = await call('persons:write', given);
        assert.deepEqual([outcome, code], ['failed', 'not-sealed'], JSON.stringify(given));
      }
      const list = await call('persons:read', { operation: 'persons.list', input: { text: 'Ada' } });
      assert.equal(list.code, 'not-sealed');
      const open = await call('persons:erase', { operation: 'persons.erase', sealed });
      assert.equal(open.code, 'not-open');
      const person = box.vault.gallery().showPerson(ada as never);
      assert.deepEqual([person?.state, person?.profile?.groups], ['active', undefined]);
    },
  );

  served(
    'needs the scope of the operation, in the command and in the trust',
    ['persons:write'],
    async ({ box, ada, call }) => {
      const erase = { operation: 'persons.erase', input: { id: ada } };
      for (const scope of ['persons:erase', 'persons:write', 'persons:erase persons:write']) {
        const { outcome, code } = await call(scope, erase);
        assert.deepEqual([outcome, code], ['refused', 'out-of-scope'], scope);
      }
      const sealed = sealedJson(box.boxKey.publicKey, { ids: [ada], addGroups: ['night'] });
      const change = { operation: 'persons.change-many', sealed, sealTo: sealTo(newKeyPair()) };
      assert.equal((await call('persons:read', change)).code, 'out-of-scope');
      assert.equal((await call('persons:write', change)).outcome, 'done');
      assert.equal(box.vault.gallery().showPerson(ada as never)?.state, 'active');
    },
  );

  served(
    'calls nothing that the contract does not open to centres',
    ['persons:write', 'configuration'],
    async ({ call }) => {
      for (const operation of [
        'users.create',
        'persons.enrol',
        'persons.update',
        'config.apply',
        'nothing',
        '__proto__',
      ]) {
        const { outcome, code } = await call('persons:write configuration', { operation, input: {} });
        assert.deepEqual([outcome, code], ['refused', 'bad-arguments'], operation);
      }
    },
  );

  served(
    'says where an input does not fit, and repeats no content',
    ['persons:write', 'persons:erase'],
    async ({ box, ada, call }) => {
      const erase = (input: object) => call('persons:erase', { operation: 'persons.erase', input });
      const open = await erase({ id: ada, name: 'Ada' });
      assert.deepEqual([open.outcome, open.code], ['failed', 'bad-request']);
      const sealed = sealedJson(box.boxKey.publicKey, { ids: 'Ada' });
      const reply = await call('persons:write', {
        operation: 'persons.change-many',
        sealed,
        sealTo: sealTo(newKeyPair()),
      });
      assert.deepEqual([reply.outcome, reply.code], ['failed', 'sealed-malformed']);
      for (const { message } of [open, reply]) assert.ok(!message?.includes('Ada'), message);
      const unknown = await erase({ id: 'p-nobody' });
      assert.deepEqual([unknown.outcome, unknown.code], ['failed', 'no-such-person']);
    },
  );
});
