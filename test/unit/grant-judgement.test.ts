import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cameraSwitchesOf } from '../../daemon/core/commands/camera-switches.js';
import {
  isSwitchedOn,
  type KeptKey,
  keptKeyOf,
  keyGrant,
  switchGrant,
} from '../../daemon/core/commands/grant-content.js';
import { judgeGrants, type LoggedGrants } from '../../daemon/core/commands/grant-judgement.js';
import { Grants, type SettledGrants } from '../../daemon/core/commands/grants.js';
import { trustStoreOf } from '../../daemon/core/commands/trust-store.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import {
  digestOf,
  type Grant,
  type GrantRow,
  GrantSeal,
} from '../../daemon/core/records/seals/grant-seal.js';
import type { StatedSet } from '../../daemon/kernel/stated-set.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const auditKey = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const rowOf = (id: string, revision: number): GrantRow => ({
  ...{ kind: 'camera-switch', id, content: `{"isEnabled":true}`, box: 'site/box', revision },
  seal: new Uint8Array(32),
});
const [a, b] = [rowOf('a', 5), rowOf('b', 5)];
const old = rowOf('old', 4);

/** The log states these grants as the set of revision 5, before which the others were the set. */
function stated(
  grants: readonly Grant[],
  before: readonly Grant[] = grants,
  changes: { readonly revision?: number; readonly isReplaced?: boolean; readonly about?: string } = {},
): LoggedGrants {
  const { revision = 5, isReplaced = false, about } = changes;
  const state: StatedSet = { revision, digest: digestOf(grants), before: digestOf(before) };
  return { outcome: 'stated', state, isReplaced, isAbout: ({ id }) => id === about };
}

/** The judgement in short: who stays, who is set aside and why, and the faults of the set. */
function judged(rows: readonly GrantRow[], logged: LoggedGrants) {
  const { kept, aside, faults } = judgeGrants(rows, logged);
  return {
    kept: kept.map(({ id }) => id),
    aside: aside.map(({ row, fault }) => `${row.id} ${fault}`),
    faults,
  };
}

describe('of sealed grants', () => {
  test('those of the newest revision stay where the log states them, and older ones were put back', () => {
    assert.deepEqual(judged([a, b, old], stated([b, a])), {
      ...{ kept: ['a', 'b'], aside: ['old put-back'], faults: [] },
    });
    assert.deepEqual(judged([], stated([])), { kept: [], aside: [], faults: [] });
    assert.deepEqual(judged([], stated([], [], { revision: 0 })), { kept: [], aside: [], faults: [] });
  });

  test('none stays where the log was altered', () => {
    assert.deepEqual(judged([a, old], { outcome: 'broken' }), {
      ...{ kept: [], aside: ['a log-broken', 'old log-broken'], faults: ['log-broken'] },
    });
  });

  test('the newest stay without a fault where another log took the place of theirs', () => {
    const silent = { outcome: 'silent', isReplaced: true } as const;
    for (const logged of [silent, stated([], [], { isReplaced: true })])
      assert.deepEqual(judged([a, old], logged), { kept: ['a'], aside: ['old put-back'], faults: [] });
  });

  test('the newest stay where the log says nothing, which is a fault unless there are none', () => {
    const silent = { outcome: 'silent', isReplaced: false } as const;
    assert.deepEqual(judged([a, old], silent), {
      kept: ['a'],
      aside: ['old put-back'],
      faults: ['log-older'],
    });
    assert.deepEqual(judged([], silent), { kept: [], aside: [], faults: [] });
  });

  test('those that are newer than the log stay, and the log is older', () => {
    assert.deepEqual(judged([a], stated([a], [a], { revision: 4 })), {
      ...{ kept: ['a'], aside: [], faults: ['log-older'] },
    });
  });

  test('those that are left stay where the log states more', () => {
    assert.deepEqual(judged([a], stated([a, b])), { kept: ['a'], aside: [], faults: ['missing'] });
    assert.deepEqual(judged([], stated([a, b], [b])), { kept: [], aside: [], faults: ['missing'] });
  });

  test('those of an unfinished change stay but for the one that it was about', () => {
    const removal = stated([a], [a, b], { revision: 6, about: 'b' });
    assert.deepEqual(judged([a, b], removal), {
      ...{ kept: ['a'], aside: ['b put-back'], faults: ['unfinished'] },
    });
    const firstAddition = stated([a], [], { about: 'a' });
    assert.deepEqual(judged([], firstAddition), { kept: [], aside: [], faults: ['unfinished'] });
  });

  test('none stays of a set that is more than one change behind, or was never there', () => {
    const twoBehind = stated([b], [a], { revision: 7, about: 'b' });
    assert.deepEqual(judged([a], twoBehind), { kept: [], aside: ['a put-back'], faults: ['missing'] });
    const another = stated([b], [b], { revision: 6, about: 'b' });
    assert.deepEqual(judged([a], another), { kept: [], aside: ['a put-back'], faults: ['missing'] });
  });

  test('nothing is missing of an older set where the log states that there are none', () => {
    assert.deepEqual(judged([a], stated([], [b], { revision: 7 })), {
      ...{ kept: [], aside: ['a put-back'], faults: [] },
    });
  });
});

describe('the seal of grants', () => {
  const grant: Grant = { kind: 'trusted-key', id: 'k-1', content: '{}' };
  const command = {
    ...{ issuerId: 'i', commandId: 'c', keyId: 'k', name: 'n', arguments: '{}' },
    ...{ claimsHash: new Uint8Array(32).fill(1), expiresAtMs: 5 },
  };
  const mute = { ruleId: 'r', untilMs: 9, by: 'uid:0', sinceMs: 1 };

  test('covers every field of a grant, a command and a mute', () => {
    using seal = new GrantSeal('site/box', [auditKey(1)]);
    const row: GrantRow = { ...grant, box: 'site/box', revision: 3, seal: seal.seal(grant, 3) };
    assert.equal(seal.judge(row), 'key in use');
    for (const change of [
      { kind: 'camera-switch' },
      { id: 'x' },
      { content: '[]' },
      { box: 'x' },
      { revision: 4 },
    ])
      assert.equal(seal.judge({ ...row, ...change } as GrantRow), undefined, JSON.stringify(change));

    const waiting = { ...command, seal: seal.sealCommand(command) };
    assert.equal(seal.isGenuine(waiting), true);
    for (const field of ['issuerId', 'commandId', 'keyId', 'name', 'arguments'] as const)
      assert.equal(seal.isGenuine({ ...waiting, [field]: 'x' }), false, field);
    assert.equal(seal.isGenuine({ ...waiting, claimsHash: new Uint8Array(32) }), false);
    assert.equal(seal.isGenuine({ ...waiting, expiresAtMs: 6 }), false);

    const muted = { ...mute, seal: seal.sealMute(mute) };
    assert.equal(seal.isGenuineMute(muted), true);
    for (const change of [{ ruleId: 'x' }, { untilMs: 10 }, { by: 'x' }, { sinceMs: 2 }])
      assert.equal(seal.isGenuineMute({ ...muted, ...change }), false, JSON.stringify(change));
  });

  test('proves nothing without a seal, or on another box', () => {
    using seal = new GrantSeal('site/box', [auditKey(1)]);
    using other = new GrantSeal('site/other', [auditKey(1)]);
    assert.equal(seal.isGenuine({ ...command, seal: null }), false);
    assert.equal(seal.isGenuineMute({ ...mute, seal: null }), false);
    assert.equal(other.isGenuine({ ...command, seal: seal.sealCommand(command) }), false);
    assert.equal(other.isGenuineMute({ ...mute, seal: seal.sealMute(mute) }), false);
  });

  test('of a former key still proves, and is told from that of the key in use', () => {
    using before = new GrantSeal('site/box', [auditKey(1)]);
    using after = new GrantSeal('site/box', [auditKey(2), auditKey(3), auditKey(1)]);
    const row: GrantRow = { ...grant, box: 'site/box', revision: 3, seal: before.seal(grant, 3) };
    assert.equal(after.judge(row), 'former key');
    assert.equal(after.isGenuine({ ...command, seal: before.sealCommand(command) }), true);
    assert.equal(after.isGenuineMute({ ...mute, seal: before.sealMute(mute) }), true);
    using without = new GrantSeal('site/box', [auditKey(2)]);
    assert.equal(without.judge(row), undefined);
    assert.equal(without.isGenuine({ ...command, seal: before.sealCommand(command) }), false);
    assert.equal(without.isGenuineMute({ ...mute, seal: before.sealMute(mute) }), false);
  });

  test('without a key of the box is one of this process alone', () => {
    using one = new GrantSeal('', []);
    using two = new GrantSeal('', []);
    const row: GrantRow = { ...grant, box: '', revision: 1, seal: one.seal(grant, 1) };
    assert.deepEqual([one.judge(row), two.judge(row)], ['key in use', undefined]);
    using zeros = new GrantSeal('', [new Uint8Array(32)]);
    assert.equal(zeros.judge(row), undefined);
  });

  test('is worthless after its end: the keys are overwritten', () => {
    const seal = new GrantSeal('site/box', [auditKey(1), auditKey(2)]);
    using former = new GrantSeal('site/box', [auditKey(2)]);
    const [own, earlier] = [seal.sealMute(mute), former.sealMute(mute)];
    seal[Symbol.dispose]();
    assert.equal(seal.isGenuineMute({ ...mute, seal: own }), false);
    assert.equal(seal.isGenuineMute({ ...mute, seal: earlier }), false);
  });

  test('has a digest that tells sets apart and does not depend on their order', () => {
    assert.match(digestOf([a, b]), /^[0-9a-f]{32}$/);
    assert.equal(digestOf([a, b]), digestOf([b, a]));
    const others = [
      [],
      [a],
      [{ ...a, id: 'c' }, b],
      [{ ...a, content: '' }, b],
      [{ ...a, kind: 'trusted-key' as const }, b],
    ];
    for (const other of others) assert.notEqual(digestOf(other), digestOf([a, b]));
  });
});

const key = (keyId: string, changes: Partial<KeptKey> = {}): KeptKey => ({
  ...{ keyId, issuerId: 'head-office', algorithm: 'EdDSA', publicKey: '{}', scopes: 'a b', addedAtMs: 1 },
  notAfterMs: null,
  ...changes,
});

/** The grants of a box, whose audit log states what was written last. */
function start(
  auditKeys: readonly Uint8Array[] = [auditKey(1)],
  database = openMemoryDatabase(recordsMigrations),
) {
  const open = (keys = auditKeys, box = 'site/box') => new Grants(database, new GrantSeal(box, keys));
  const grants = open();
  const states: StatedSet[] = [];
  const noteState = (state: StatedSet): void => void states.push(state);
  const last = (isAbout: (grant: Grant) => boolean = () => false): LoggedGrants => {
    const state = states.at(-1);
    return state === undefined
      ? { outcome: 'silent', isReplaced: false }
      : { outcome: 'stated', state, isReplaced: false, isAbout };
  };
  const trust = trustStoreOf(grants, () => 77);
  return { database, open, grants, states, noteState, last, trust };
}
const nothing = (): void => undefined;
const shown = ({ faults, state }: SettledGrants) => ({ faults: [...faults], revision: state?.revision });

describe('the grants of a box', () => {
  test('are those of the last change, which says what was before', () => {
    const { grants, states, noteState } = start();
    grants.change(() => [a], 1, noteState);
    grants.change((before) => [...before, b], 2, noteState);
    assert.deepEqual(states, [
      { revision: 1, digest: digestOf([a]), before: digestOf([]) },
      { revision: 2, digest: digestOf([a, b]), before: digestOf([a]) },
    ]);
    assert.deepEqual(
      grants.list('camera-switch').map(({ id, content }) => [id, content]),
      [
        ['a', a.content],
        ['b', b.content],
      ],
    );
    assert.deepEqual(grants.list('trusted-key'), []);
    assert.equal(grants.find('camera-switch', 'b')?.content, b.content);
    assert.equal(grants.find('trusted-key', 'b'), undefined);
    assert.equal(grants.find('camera-switch', 'c'), undefined);
  });

  test('do not change where nothing is to change, or where that cannot be stated', () => {
    const { grants, states, noteState, open } = start();
    grants.change(() => [a], 1, noteState);
    grants.change(() => undefined, 2, noteState);
    assert.equal(states.length, 1);
    const failing = (): void => {
      throw new Error('the log is full');
    };
    assert.throws(() => grants.change(() => [], 3, failing), /log is full/);
    assert.equal(grants.list('camera-switch').length, 1);
    grants.change((before) => [...before, b], 4, noteState);
    assert.equal(states.at(-1)?.revision, 2);
    assert.equal(open().list('camera-switch').length, 2, 'and are there after a restart');
  });

  test('are settled without a word where the log states them', () => {
    const { grants, noteState, last, open } = start();
    grants.change(() => [a, b], 1, noteState);
    for (const each of [grants, open()]) {
      assert.deepEqual(shown(each.settle(last(), 2, () => assert.fail('nothing is to be written'))), {
        ...{ faults: [], revision: undefined },
      });
      assert.equal(each.list('camera-switch').length, 2);
    }
    assert.deepEqual(grants.aside(), []);
  });

  test('are settled without a word where there are none, and the log says so', () => {
    const { grants, last, noteState } = start();
    grants.change(() => [], 1, noteState);
    assert.deepEqual(shown(grants.settle(last(), 2, () => assert.fail('nothing is to be written'))), {
      ...{ faults: [], revision: undefined },
    });
  });

  test('are stated anew where another log took the place of theirs, whatever that one states', () => {
    const { grants, states, noteState } = start();
    grants.change(() => [a, b], 1, noteState);
    const restored = (revision: number, stated: readonly Grant[]): LoggedGrants => ({
      ...{ outcome: 'stated', isReplaced: true, isAbout: () => false },
      state: { revision, digest: digestOf(stated), before: digestOf([]) },
    });
    for (const [logged, revision] of [
      [restored(9, [a, b]), 10],
      [restored(10, [a]), 11],
    ] as const) {
      const settled = grants.settle(logged, 2, ({ state }) => state && noteState(state));
      assert.deepEqual(shown(settled), { faults: [], revision });
      assert.equal(states.at(-1)?.digest, digestOf([a, b]));
    }
  });

  test('that somebody put beside all others are set aside alone', () => {
    const { database, grants, noteState, last, open } = start();
    grants.change(() => [a], 1, noteState);
    const forge = database.db.prepare(
      "INSERT INTO granted (kind, id, content, box, revision, seal) VALUES ('camera-switch', ?, '', ?, ?, x'00')",
    );
    forge.run('now', 'site/box', 1);
    forge.run('later', 'site/box', 99);
    for (const each of [grants, open()]) {
      assert.deepEqual(
        each.list('camera-switch').map(({ id }) => id),
        ['a'],
      );
      assert.equal(each.find('camera-switch', 'now'), undefined);
    }
    const told: unknown[] = [];
    const settled = grants.settle(last(), 1, (each) => told.push(shown(each)));
    assert.deepEqual(shown(settled), { faults: [['not-sealed', 2]], revision: 2 });
    assert.equal(told.length, 1);
    assert.equal(database.db.prepare('SELECT count(*) FROM granted').pluck().get(), 1);
  });

  test('that were put back are set aside once, and under a former key nothing stays beside them', () => {
    for (const [key, faults, left] of [
      [1, [['put-back', 1]], ['b']],
      [
        2,
        [
          ['put-back', 2],
          ['missing', 1],
        ],
        [],
      ],
    ] as const) {
      const { database, grants, noteState, last, open } = start();
      grants.change(() => [a], 1, noteState);
      const before = database.db.prepare('SELECT * FROM granted').get() as Record<string, unknown>;
      grants.change(() => [b], 2, noteState);
      database.db
        .prepare(
          'INSERT INTO granted (kind, id, content, box, revision, seal) VALUES (@kind, @id, @content, @box, @revision, @seal)',
        )
        .run(before);
      const after = open(key === 1 ? [auditKey(1)] : [auditKey(2), auditKey(1)]);
      assert.deepEqual([...after.settle(last(), 3, nothing).faults], faults);
      assert.deepEqual(
        after.list('camera-switch').map(({ id }) => id),
        left,
      );
    }
  });

  test('are stated for the first time where the log is silent', () => {
    const { grants, last, noteState, states } = start();
    const settled = grants.settle(last(), 1, ({ state }) => state && noteState(state));
    assert.deepEqual(shown(settled), { faults: [], revision: 1 });
    assert.deepEqual(states, [{ revision: 1, digest: digestOf([]), before: digestOf([]) }]);
  });

  test('are set aside with their faults where the log does not state them, under a new revision', () => {
    const { database, grants, states, noteState, last, open } = start();
    grants.change(() => [a, b], 1, noteState);
    database.db.prepare("UPDATE granted SET content = 'x' WHERE id = 'a'").run();
    const told: SettledGrants[] = [];
    const settled = grants.settle(last(), 1234, (each) => {
      told.push(each);
      if (each.state !== undefined) noteState(each.state);
    });
    assert.deepEqual(shown(settled), {
      faults: [
        ['not-sealed', 1],
        ['missing', 1],
      ],
      revision: 2,
    });
    assert.deepEqual(told, [settled]);
    assert.deepEqual(states.at(-1), { revision: 2, digest: digestOf([b]), before: digestOf([b]) });
    assert.deepEqual(grants.aside(), [
      { number: 1, reason: 'not-sealed', kind: 'camera-switch', id: 'a', atMs: 1234 },
      { number: 2, reason: 'missing', kind: null, id: null, atMs: 1234 },
    ]);
    assert.deepEqual(
      open()
        .list('camera-switch')
        .map(({ id }) => id),
      ['b'],
    );
    assert.equal(grants.dismiss(), 2);
    assert.deepEqual(grants.aside(), []);
    assert.equal(grants.dismiss(), 0);
  });

  test('of another box are set aside as such, and never listed', () => {
    const { grants, noteState, last, open } = start();
    for (const set of [[b], [a]]) grants.change(() => set, 1, noteState);
    const other = open([auditKey(1)], 'site/other');
    assert.deepEqual(other.list('camera-switch'), []);
    assert.equal(other.find('camera-switch', 'a'), undefined);
    assert.deepEqual(
      [...other.settle(last(), 1, nothing).faults],
      [
        ['other-box', 1],
        ['missing', 1],
      ],
    );
  });

  test('that are set aside by a change are told apart by their reason', () => {
    const { database, grants, noteState, open } = start();
    grants.change(() => [a], 1, noteState);
    const before = database.db.prepare('SELECT * FROM granted').get() as Record<string, unknown>;
    grants.change(() => [b], 2, noteState);
    const put = database.db.prepare(
      'INSERT INTO granted (kind, id, content, box, revision, seal) VALUES (@kind, @id, @content, @box, @revision, @seal)',
    );
    put.run(before);
    put.run({ ...before, id: 'forged' });
    assert.deepEqual(
      grants.list('camera-switch').map(({ id }) => id),
      ['b'],
    );
    assert.equal(grants.find('camera-switch', 'a'), undefined);
    grants.change((trusted) => [...trusted], 5, noteState);
    assert.deepEqual(
      grants.aside().map(({ id, reason, atMs }) => [id, reason, atMs]),
      [
        ['a', 'put-back', 5],
        ['forged', 'not-sealed', 5],
      ],
    );
    assert.equal(open().list('camera-switch').length, 1);
  });

  test('under a former key are sealed anew while the log states exactly them, and not trusted otherwise', () => {
    const { database, grants, states, noteState, last, open } = start([auditKey(1)]);
    grants.change(() => [a, b], 1, noteState);
    const renewed = open([auditKey(2), auditKey(1)]);
    assert.deepEqual(shown(renewed.settle(last(), 1, ({ state }) => state && noteState(state))), {
      ...{ faults: [], revision: 2 },
    });
    assert.equal(open([auditKey(2)]).list('camera-switch').length, 2, 'the former key is no longer needed');
    assert.equal(states.length, 2);

    const other = start([auditKey(1)]);
    for (const set of [[a], [a, b]]) other.grants.change(() => set, 1, other.noteState);
    other.database.db.prepare("DELETE FROM granted WHERE id = 'a'").run();
    const found = other.open([auditKey(2), auditKey(1)]).settle(other.last(), 1, nothing);
    assert.deepEqual(
      [...found.faults],
      [
        ['put-back', 1],
        ['missing', 1],
      ],
    );
    assert.equal(database.db.prepare('SELECT count(*) FROM granted').pluck().get(), 2);
  });

  test('that are too long are not read, and count as not sealed', () => {
    const { database, grants, noteState, last } = start();
    grants.change(() => [a], 1, noteState);
    const add = database.db.prepare(
      "INSERT INTO granted (kind, id, content, box, revision, seal) VALUES ('camera-switch', ?, ?, 'site/box', 1, x'00')",
    );
    add.run('long', 'x'.repeat(65_537));
    assert.equal(grants.find('camera-switch', 'long'), undefined);
    const settled = grants.settle(last(), 1, nothing);
    assert.deepEqual([...settled.faults], [['not-sealed', 1]]);
    assert.deepEqual(grants.aside()[0], { number: 1, reason: 'not-sealed', kind: null, id: null, atMs: 1 });
  });

  test('of 64 KiB are read', () => {
    const { grants, noteState } = start();
    const content = 'x'.repeat(65_536);
    grants.change(() => [{ ...a, content }], 1, noteState);
    assert.equal(grants.list('camera-switch').length, 1);
    assert.equal(grants.find('camera-switch', 'a')?.content, content);
  });

  test('keep the newest hundred of those that were set aside, and count all', () => {
    const { database, grants, last } = start();
    const add = database.db.prepare(
      "INSERT INTO granted (kind, id, content, box, revision, seal) VALUES ('camera-switch', ?, '', 'site/box', 1, x'00')",
    );
    for (let number = 100; number < 203; number += 1) add.run(`camera-${number}`);
    assert.deepEqual([...grants.settle(last(), 1, nothing).faults], [['not-sealed', 103]]);
    const aside = grants.aside();
    assert.equal(aside.length, 100);
    assert.deepEqual([aside[0]?.id, aside[99]?.id], ['camera-100', 'camera-199']);
    add.run('one-more');
    grants.settle(last(), 2, nothing);
    assert.deepEqual(
      [grants.aside().length, grants.aside()[0]?.id, grants.aside()[99]?.id],
      [100, 'camera-101', 'one-more'],
    );
  });

  test('keep the newest hundred places of those that were too long, too', () => {
    const { database, grants, last } = start();
    const add = database.db.prepare(
      "INSERT INTO granted (kind, id, content, box, revision, seal) VALUES ('camera-switch', ?, ?, 'site/box', 1, x'00')",
    );
    for (let number = 0; number < 102; number += 1) add.run(`camera-${number}`, 'x'.repeat(65_537));
    assert.deepEqual([...grants.settle(last(), 1, nothing).faults], [['not-sealed', 102]]);
    assert.deepEqual([grants.aside().length, grants.aside().at(-1)?.number], [100, 100]);
  });
});

describe('trusted keys', () => {
  test('keep what is known of them', () => {
    const known = key('k-1', { notAfterMs: 99, addedAtMs: 7 });
    assert.deepEqual(keptKeyOf(keyGrant(known)), known);
    const { trust } = start();
    assert.equal(trust.add(known, nothing), true);
    assert.deepEqual(trust.find('k-1'), known);
    assert.equal(trust.find('k-2'), undefined);
  });

  test('are listed by issuer, then by age, then by name', () => {
    const { trust } = start();
    for (const each of [
      key('k-1', { issuerId: 'z', addedAtMs: 1 }),
      key('k-2', { issuerId: 'a', addedAtMs: 5 }),
      key('k-3', { issuerId: 'a', addedAtMs: 2 }),
      key('k-5', { issuerId: 'm', addedAtMs: 3 }),
      key('k-4', { issuerId: 'm', addedAtMs: 3 }),
    ])
      trust.add(each, nothing);
    assert.deepEqual(
      trust.list().map(({ keyId }) => keyId),
      ['k-3', 'k-2', 'k-4', 'k-5', 'k-1'],
    );
  });

  test('are added once each, with an entry for each addition', () => {
    const { trust, grants, noteState, states } = start();
    grants.change(() => [switchGrant('k-1', false)], 1, nothing);
    assert.equal(trust.add(key('k-1'), noteState), true, 'a camera of the same name is no key');
    assert.equal(trust.add(key('k-1', { issuerId: 'other' }), noteState), false);
    assert.equal(states.length, 1);
    assert.equal(trust.find('k-1')?.issuerId, 'head-office');
    assert.equal(grants.list('camera-switch').length, 1);
  });

  test('leave one by one, or all of an issuer, and nothing else with them', () => {
    const { trust, grants } = start();
    const told: number[] = [];
    const note = (count: number): void => void told.push(count);
    grants.change(() => [switchGrant('k-1', false)], 1, nothing);
    for (const each of [key('k-1'), key('k-2'), key('k-3'), key('k-4', { issuerId: 'branch' })])
      trust.add(each, nothing);
    assert.equal(trust.remove('branch', 'k-1', note), 0, 'of another issuer');
    assert.equal(trust.remove('nobody', undefined, note), 0);
    assert.deepEqual(told, []);
    assert.equal(trust.remove('head-office', 'k-1', note), 1);
    assert.equal(trust.remove('head-office', undefined, note), 2);
    assert.deepEqual(told, [1, 2]);
    assert.deepEqual(
      trust.list().map(({ keyId }) => keyId),
      ['k-4'],
    );
    assert.equal(grants.list('camera-switch').length, 1);
  });
});

describe('cameras that a centre switched', () => {
  test('stay as they were switched, each for itself, until the configuration decides again', () => {
    const { grants, trust, open } = start();
    const switches = cameraSwitchesOf(grants, () => 5);
    trust.add(key('gate'), nothing);
    switches.set('gate', false, nothing);
    switches.set('yard', true, nothing);
    assert.deepEqual(
      [...switches.all()],
      [
        ['gate', false],
        ['yard', true],
      ],
    );
    switches.set('gate', true, nothing);
    assert.equal(switches.all().get('gate'), true);
    switches.set('gate', null, nothing);
    assert.deepEqual([...cameraSwitchesOf(open(), () => 5).all()], [['yard', true]]);
    assert.equal(trust.list().length, 1, 'a key of the same name stays');
    assert.deepEqual(
      [isSwitchedOn(switchGrant('a', true)), isSwitchedOn(switchGrant('a', false))],
      [true, false],
    );
  });

  test('have an entry for each change, and none where nothing changes', () => {
    const { grants, states, noteState } = start();
    const switches = cameraSwitchesOf(grants, () => 5);
    switches.set('gate', null, noteState);
    assert.equal(states.length, 0);
    switches.set('gate', false, noteState);
    switches.set('gate', false, noteState);
    assert.equal(states.length, 1);
    switches.set('gate', null, noteState);
    assert.equal(states.length, 2);
  });
});
