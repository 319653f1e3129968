import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changesBetween, DraftStore, type FieldChange } from '../../daemon/console/parts/draft-store.js';

/** The storage of a tab, which survives a reload. */
function tab() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

const draft = (changes: readonly FieldChange[], unstored: readonly string[] = []) => ({
  ...{ changes, unstored, revision: 3, isPartial: false },
});
const named = draft([['name', 'Ada']]);

describe('the drafts of forms', () => {
  test('are there again after a reload, with the revision that they were made of', () => {
    const storage = tab();
    const before = new DraftStore(storage);
    before.belongTo('user:ada');
    before.keep('persons.enrol', draft([['name', 'Ada'], ['cameras']]));
    const after = new DraftStore(storage);
    after.belongTo('user:ada');
    const found = after.find('persons.enrol');
    assert.deepEqual(found?.changes, [['name', 'Ada'], ['cameras']]);
    assert.equal(found?.revision, 3);
    assert.equal(found?.isPartial, false);
    assert.equal(after.isAtRisk.value, false);
  });

  test('never bring secrets, pictures, or a login in an address into the storage, and tell after a reload that they are missing', () => {
    const storage = tab();
    const before = new DraftStore(storage);
    before.belongTo('user:ada');
    const changes: readonly FieldChange[] = [
      ['name', 'Front door'],
      ['password', 'hunter2'],
      ['url', 'rtsp://admin:hunter3@192.0.2.10/stream1'],
    ];
    before.keep('cameras.create', draft(changes, ['password']));
    assert.deepEqual(before.find('cameras.create')?.changes, changes, 'kept while the page is open');
    assert.equal(before.isAtRisk.value, true);
    assert.doesNotMatch([...storage.items.values()].join(), /hunter|192\.0\.2\.10/);
    const after = new DraftStore(storage);
    after.belongTo('user:ada');
    assert.deepEqual(after.find('cameras.create')?.changes, [['name', 'Front door']]);
    assert.equal(after.find('cameras.create')?.isPartial, true);
    assert.equal(after.isAtRisk.value, false);
  });

  test('never bring a login into the storage that an address has at an unusual place or in unusual signs', () => {
    const logins = [
      'rtsp://admin:hun/ter3@192.0.2.10/stream1',
      'rtsp://admin:hun"ter3@192.0.2.10/stream1',
      'rtsp://192.0.2.10:554/user=admin&password=hunter3&channel=1',
      'http://192.0.2.10/stream?usr=admin&PWD=hunter3',
    ];
    for (const url of logins) {
      const storage = tab();
      const drafts = new DraftStore(storage);
      drafts.belongTo('user:ada');
      drafts.keep('cameras.create', draft([['url', url]]));
      assert.doesNotMatch([...storage.items.values()].join(), /192\.0\.2\.10/, url);
      assert.equal(drafts.isAtRisk.value, true, url);
    }
  });

  test('stay in the page, and are at risk, while the storage of the tab is full', () => {
    const storage = tab();
    const { setItem } = storage;
    const drafts = new DraftStore(storage);
    drafts.belongTo('user:ada');
    drafts.keep('persons.enrol', named);
    storage.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    const longer = draft([['name', 'Ada Byron']]);
    drafts.keep('persons.enrol', longer);
    assert.deepEqual(drafts.find('persons.enrol')?.changes, longer.changes);
    assert.deepEqual([drafts.isAtRisk.value, storage.items.size], [true, 0]);
    storage.setItem = setItem;
    drafts.keep('persons.enrol', named);
    assert.deepEqual([drafts.isAtRisk.value, storage.items.size], [false, 1]);
  });

  test('stay with a user who logs in again, and end with another user', () => {
    for (const [next, isKept] of [
      ['user:ada', true],
      ['user:eve', false],
    ] as const) {
      const storage = tab();
      const drafts = new DraftStore(storage);
      drafts.belongTo('user:ada');
      drafts.keep('persons.enrol', named);
      drafts.belongTo(next);
      assert.equal(drafts.find('persons.enrol') !== undefined, isKept, next);
      assert.equal(storage.items.size, isKept ? 1 : 0, next);
    }
  });

  test('wait for their user after the end of a session, also over a reload, and nobody else sees them', () => {
    for (const isReloaded of [false, true]) {
      for (const [next, isKept] of [
        ['user:ada', true],
        ['user:eve', false],
      ] as const) {
        const storage = tab();
        const before = new DraftStore(storage);
        before.belongTo('user:ada');
        before.keep('persons.enrol', named);
        const drafts = isReloaded ? new DraftStore(storage) : before;
        drafts.belongTo(undefined);
        assert.equal(drafts.find('persons.enrol'), undefined);
        drafts.belongTo(next);
        assert.equal(drafts.find('persons.enrol') !== undefined, isKept, next);
        assert.equal(storage.items.size, isKept ? 1 : 0, next);
      }
    }
  });

  test('end with the logout', () => {
    const storage = tab();
    const drafts = new DraftStore(storage);
    drafts.belongTo('user:ada');
    drafts.keep('persons.enrol', named);
    drafts.forget();
    assert.deepEqual([drafts.find('persons.enrol'), storage.items.size], [undefined, 0]);
  });

  test('of another user in the storage of the tab are removed, not shown', () => {
    const storage = tab();
    const drafts = new DraftStore(storage);
    drafts.belongTo('user:ada');
    drafts.keep('persons.enrol', named);
    const others = new DraftStore(storage);
    others.belongTo('user:eve');
    assert.equal(others.find('persons.enrol'), undefined);
    assert.equal(storage.items.size, 0);
  });

  test('leave nothing behind when a form is as it began, and keep those of other forms', () => {
    const storage = tab();
    const drafts = new DraftStore(storage);
    drafts.belongTo('user:ada');
    drafts.keep('persons.enrol', named);
    drafts.keep('cameras.create', named);
    drafts.keep('persons.enrol', draft([]));
    assert.equal(drafts.find('persons.enrol'), undefined);
    assert.deepEqual(drafts.find('cameras.create')?.changes, named.changes);
    drafts.keep('cameras.create', draft([]));
    assert.equal(storage.items.size, 0);
  });

  test('hold only what differs, also what is absent now', () => {
    const before = { name: 'Ada', groups: ['a'], cameras: ['in'], notes: '' };
    assert.deepEqual(changesBetween(before, { ...before, groups: ['a'] }), []);
    assert.deepEqual(
      changesBetween(before, { name: 'Ada', groups: ['a', 'b'], cameras: undefined, notes: '' }),
      [['groups', ['a', 'b']], ['cameras']],
    );
    assert.deepEqual(changesBetween({}, { 'rules.cooldownS': null }), [['rules.cooldownS', null]]);
  });
});
