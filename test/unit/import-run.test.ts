import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runImport } from '../../daemon/cli/import/import-run.js';
import type { ImportSource } from '../../daemon/cli/import/import-source.js';
import type { OpenImport } from '../../daemon/cli/import/open-import.js';
import {
  type GivenEnrolment,
  maximumEnrolmentBytes,
  type StagedRow,
} from '../../daemon/contract/enrolment.js';
import { badInput, operational } from '../../daemon/kernel/errors.js';

const accepted = { outcome: 'accepted', photographs: [] } as unknown as StagedRow;
const similar = { outcome: 'similar', personId: 'p-1', similarity: 0.8 } as unknown as StagedRow;
const picture = Buffer.from('a picture');

/** A table and photographs in memory. What `files` does not have is unreadable. */
function sourceOf(table: string, files: Readonly<Record<string, Buffer>>): ImportSource {
  return {
    readTable: async () => Buffer.from(table),
    find: async (path) =>
      path === 'lost.jpg' ? [path] : Object.keys(files).filter((file) => file.startsWith(path)),
    read: async (path) => {
      const file = files[path];
      if (file !== undefined) return file;
      throw badInput('unreadable-image', `${path} cannot be read`, { remedy: 'Add it again.' });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** An import that answers as `answer` says, and keeps what became of it. */
class KeptImport implements OpenImport {
  readonly staged: GivenEnrolment[] = [];
  readonly ends: string[] = [];
  readonly #answer: (row: GivenEnrolment) => StagedRow;

  constructor(answer: (row: GivenEnrolment) => StagedRow = () => accepted) {
    this.#answer = answer;
  }

  async stage(row: GivenEnrolment): Promise<StagedRow> {
    this.staged.push(row);
    return this.#answer(row);
  }

  async commit(): Promise<readonly string[]> {
    this.ends.push('committed');
    return this.staged.map((_, at) => `p-${at}`);
  }

  async abandon(): Promise<boolean> {
    this.ends.push('abandoned');
    return true;
  }

  [Symbol.dispose](): void {
    this.ends.push('hung up');
  }
}

const rows = (...names: readonly string[]): string =>
  ['name,photographs', ...names.map((name) => `${name},${name.toLowerCase()}.jpg`)].join('\n');
const pictures = { 'ada.jpg': picture, 'bea.jpg': picture };

interface Given {
  readonly table?: string;
  readonly files?: Readonly<Record<string, Buffer>>;
  readonly isDryRun?: boolean;
  readonly isRefusedSkipped?: boolean;
  readonly onRow?: (done: number, all: number) => void;
}

const run = (kept: KeptImport, { table = rows('Ada', 'Bea'), files = pictures, ...options }: Given = {}) =>
  runImport({
    ...{ source: sourceOf(table, files), openImport: async () => kept, todayIso: '2026-03-02' },
    ...{ isDryRun: false, isDuplicateAllowed: false, isRefusedSkipped: false },
    ...options,
  });

const refusesBea = (): KeptImport => new KeptImport(({ name }) => (name === 'Bea' ? similar : accepted));

describe('an import of a table', () => {
  test('enrols all rows together, tells of each, and hangs up', async () => {
    const kept = new KeptImport();
    const told: string[] = [];
    const report = await run(kept, { onRow: (done, all) => void told.push(`${done} of ${all}`) });
    assert.equal(report.outcome, 'imported');
    assert.deepEqual([report.accepted, report.refused, report.personIds], [2, 0, ['p-0', 'p-1']]);
    assert.deepEqual(
      report.rows.map(({ line, name, photographs }) => [line, name, photographs]),
      [
        [2, 'Ada', 1],
        [3, 'Bea', 1],
      ],
    );
    assert.deepEqual(kept.staged[0]?.photographs, [picture]);
    assert.deepEqual(kept.ends, ['committed', 'hung up']);
    assert.deepEqual(told, ['1 of 2', '2 of 2']);
  });

  test('stores nothing if one row is refused, unless refused rows are skipped', async () => {
    const whole = refusesBea();
    const report = await run(whole);
    assert.deepEqual([report.outcome, report.accepted, report.refused], ['refused', 1, 1]);
    assert.deepEqual(report.personIds, []);
    assert.deepEqual(whole.ends, ['abandoned', 'hung up']);
    const skipping = refusesBea();
    assert.equal((await run(skipping, { isRefusedSkipped: true })).outcome, 'imported');
    assert.deepEqual(skipping.ends, ['committed', 'hung up']);
    const none = new KeptImport(() => similar);
    assert.equal((await run(none, { isRefusedSkipped: true })).outcome, 'refused');
    assert.deepEqual(none.ends, ['abandoned', 'hung up']);
  });

  test('stores nothing in a dry run', async () => {
    const kept = new KeptImport();
    assert.equal((await run(kept, { isDryRun: true })).outcome, 'dry-run');
    assert.deepEqual(kept.ends, ['abandoned', 'hung up']);
  });

  test('refuses a row that the table or its photographs make unusable, and stages the others', async () => {
    const kept = new KeptImport();
    const report = await run(kept, {
      table: rows('Ada', 'Lost', 'Empty', 'Nowhere'),
      files: { 'ada.jpg': picture, 'empty.jpg': Buffer.alloc(0) },
    });
    assert.deepEqual(
      report.rows.map(({ name, reasons }) => [name, ...reasons]),
      [
        ['Ada'],
        ['Lost', 'lost.jpg cannot be read. Add it again.'],
        ['Empty', 'empty.jpg is empty (0 bytes); add the photo to the archive again'],
        ['Nowhere', 'found no photo at "nowhere.jpg"'],
      ],
    );
    assert.deepEqual(
      kept.staged.map(({ name }) => name),
      ['Ada'],
    );
  });

  test('takes as many bytes of photographs for a row as the box does, and not one more', async () => {
    const half = Buffer.alloc(maximumEnrolmentBytes / 2);
    const table = 'name,photographs\nAda,ada';
    const most = await run(new KeptImport(), { table, files: { 'ada/1.jpg': half, 'ada/2.jpg': half } });
    assert.equal(most.outcome, 'imported');
    const kept = new KeptImport();
    const tooMuch = await run(kept, {
      table,
      files: { 'ada/1.jpg': half, 'ada/2.jpg': half, 'ada/3.jpg': Buffer.alloc(1) },
    });
    assert.deepEqual(tooMuch.rows[0]?.reasons, ['the photos of the row are larger than 64 MiB in total']);
    assert.deepEqual(kept.staged, []);
  });

  test('goes on after a row that the box cannot take, and ends if the import or the box does', async () => {
    const failing = (error: Error): KeptImport =>
      new KeptImport(({ name }) => {
        if (name === 'Ada') throw error;
        return accepted;
      });
    const taken = failing(badInput('name-unusable', 'the name is unusable', { remedy: 'Change it.' }));
    const report = await run(taken);
    assert.deepEqual(
      report.rows.map(({ outcome, reasons }) => [outcome, ...reasons]),
      [['refused', 'the name is unusable. Change it.'], ['accepted']],
    );
    for (const error of [
      badInput('no-such-import', 'the import is over'),
      operational('disk-full', 'the disk is full'),
      new TypeError('a mistake of the program'),
    ]) {
      const ended = failing(error);
      await assert.rejects(run(ended), (thrown) => thrown === error);
      assert.deepEqual(ended.ends, ['hung up']);
    }
  });
});

describe('a row of an import', () => {
  const reasonsOf = async (table: string, files: Readonly<Record<string, Buffer>> = pictures) =>
    (await run(new KeptImport(), { table, files })).rows.map(({ reasons }) => reasons.join('; '));

  test('has the external id of no row before it', async () => {
    const table = ['name,external_id,photographs', 'Ada,7,ada.jpg', 'Bea,8,bea.jpg', 'Cem,7,ada.jpg'].join(
      '\n',
    );
    assert.deepEqual(await reasonsOf(table), ['', '', 'line 2 has the same external id']);
  });

  test('has the photographs in the folder of its external id if it names none', async () => {
    const table = 'name,external_id,photographs\nAda,7,\nBea,,';
    assert.deepEqual(await reasonsOf(table, { '7/a.jpg': picture }), [
      '',
      'the row has neither photos nor an external id',
    ]);
  });

  test('has at most twenty photographs', async () => {
    const files = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`ada/${at}.jpg`, picture]));
    const table = 'name,photographs\nAda,ada';
    assert.deepEqual(await reasonsOf(table, files(20)), ['']);
    assert.deepEqual(await reasonsOf(table, files(21)), ['the row has more than 20 photos']);
  });
});
