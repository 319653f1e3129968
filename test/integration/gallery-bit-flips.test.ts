import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import {
  enrolmentPhotograph,
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  type TestGalleryOptions,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';
import { tamper } from '../support/gallery-tampering.js';

/** Bytes of a photograph, few: every one of them is flipped. */
const jpegBytes = 300;

const profileOf = (seed: number) => ({ name: `Person ${seed}`, externalId: `id ${seed}` });

/** Persons by their ids; person n has the seeds n. */
async function enrol(options: TestGalleryOptions, count: number): Promise<ReadonlyMap<PersonId, number>> {
  await using opened = await openTestGallery(options);
  const seeds = new Map<PersonId, number>();
  for (let seed = 1; seed <= count; seed += 1) {
    const photographs = [{ ...enrolmentPhotograph(seed), jpeg: noiseJpeg(seed, jpegBytes) }];
    seeds.set(await opened.gallery.addPerson({ profile: profileOf(seed), photographs }, tester), seed);
  }
  return seeds;
}

/** Whether the search finds this person, and no other, by their face. */
async function isRecognised(gallery: Gallery, id: PersonId, seed: number): Promise<boolean> {
  const [best] = await gallery.nearest(unitVector(seed), { count: 1 });
  if (best === undefined || best.similarity < 0.99) return false;
  assert.equal(best.personId, id, 'no person is mistaken for another');
  return true;
}

/** Opens a photograph of the person; `refused` for damage, undefined where there is none. */
function photographOf(gallery: Gallery, id: PersonId): Uint8Array | 'refused' | undefined {
  try {
    const [photograph] = gallery.showPerson(id)?.photographs ?? [];
    return photograph && gallery.readPhotograph(id, photograph.id);
  } catch (error) {
    assert.ok(isRollcallError(error), String(error));
    return 'refused';
  }
}

describe('one flipped bit in a sealed value', () => {
  for (const [table, column, named, isKnown] of [
    ['person', 'profile', 'person', false],
    ['data_key', 'wrapped', 'person', false],
    ['template', 'vector', 'template', false],
    ['photograph', 'jpeg', 'photograph', true],
  ] as const) {
    test(`at any byte of ${table}.${column} loses and names that row only`, async (t) => {
      const options = galleryOptions(temporaryDirectory(t));
      const seeds = await enrol(options, 3);
      const { rowid, whole } = tamper(options, (db) => firstValue(db, table, column));
      // Every byte, at one of its bits; an opening takes some milliseconds.
      const step = Math.max(1, Math.floor(whole.length / 40));
      for (let at = 0; at < whole.length; at += at < 30 ? 3 : step) {
        const altered = Buffer.from(whole);
        altered.writeUInt8(altered.readUInt8(at) ^ (1 << (at % 8)), at);
        tamper(options, (db) =>
          db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`).run(altered, rowid),
        );
        await using opened = await openTestGallery(options);
        const { gallery } = opened;
        let damaged = 0;
        for (const [id, seed] of seeds) {
          const jpeg = photographOf(gallery, id);
          const isSound = !gallery.quarantined.some((row) => row.personId === id);
          assert.equal(await isRecognised(gallery, id, seed), isSound || isKnown);
          if (!isSound) damaged += 1;
          else {
            assert.deepEqual(gallery.showPerson(id)?.profile, profileOf(seed));
            assert.ok(jpeg instanceof Uint8Array && Buffer.from(noiseJpeg(seed, jpegBytes)).equals(jpeg));
          }
        }
        assert.equal(damaged, 1, `byte ${at}`);
        const tables = new Set(gallery.quarantined.map((row) => row.table));
        assert.ok(tables.has(named), `byte ${at}: ${[...tables]}`);
      }
      tamper(options, (db) => db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`).run(whole, rowid));
      await using opened = await openTestGallery(options);
      assert.deepEqual([opened.gallery.personCount, opened.gallery.quarantined], [3, []]);
    });
  }

  function firstValue(
    db: Parameters<Parameters<typeof tamper>[1]>[0],
    table: string,
    column: string,
  ): { readonly rowid: string; readonly whole: Buffer } {
    const row = db
      .prepare<[], { rowid: string; whole: Buffer }>(
        `SELECT id AS rowid, ${column} AS whole FROM ${table} ORDER BY id LIMIT 1`,
      )
      .get();
    assert.ok(row);
    return row;
  }
});

type Outcome = 'as before' | 'rows put aside' | 'photographs refused' | 'missing until verified' | 'refused';

/** Opens the damaged file as a user would. Whatever is given out must be true. */
async function use(options: TestGalleryOptions, seeds: ReadonlyMap<PersonId, number>): Promise<Outcome> {
  await using opened = await openTestGallery(options);
  const { gallery } = opened;
  for (const { id, profile } of await gallery.listPersons()) {
    const seed = seeds.get(id);
    if (seed !== undefined && profile !== undefined) assert.deepEqual(profile, profileOf(seed));
  }
  let missing = 0;
  let refused = 0;
  for (const [id, seed] of seeds) {
    const isKnown = await isRecognised(gallery, id, seed);
    const jpeg = photographOf(gallery, id);
    if (jpeg instanceof Uint8Array) assert.ok(Buffer.from(noiseJpeg(seed, jpegBytes)).equals(jpeg));
    if (jpeg === 'refused') refused += 1;
    else if (!isKnown || jpeg === undefined) missing += 1;
  }
  if (gallery.quarantined.length > 0) return 'rows put aside';
  if (refused > 0) return 'photographs refused';
  if (missing === 0) return 'as before';
  // Pages of photographs are not looked at when the file is opened, but the whole check finds the damage.
  const verdict = opened.file.database.db.pragma('integrity_check', { simple: true });
  assert.notEqual(verdict, 'ok', `${missing} persons lack something, and nothing tells`);
  return 'missing until verified';
}

test('a gallery with one flipped bit opens without the damaged row or is refused, and never gives wrong data', async (t) => {
  const options = galleryOptions(temporaryDirectory(t));
  const seeds = await enrol(options, 12);
  const whole = readFileSync(options.path);
  const random = seededRandom(41);
  const counts: Record<Outcome, number> = {
    'as before': 0,
    'rows put aside': 0,
    'photographs refused': 0,
    'missing until verified': 0,
    refused: 0,
  };
  const positions = Array.from({ length: 400 }, () => Math.floor(random.unit() * whole.length * 8));
  // The header and the schema decide about everything else.
  for (let bit = 0; bit < 100 * 8; bit += 7) positions.push(bit);
  for (const bit of positions) {
    const outcome = await flipped(t, options, { whole, bit, seeds });
    counts[outcome] += 1;
  }
  t.diagnostic(`${positions.length} bits: ${JSON.stringify(counts)}`);
  assert.ok(counts['rows put aside'] > 0 && counts.refused > 0);
});

async function flipped(
  t: TestContext,
  options: TestGalleryOptions,
  { whole, bit, seeds }: { whole: Buffer; bit: number; seeds: ReadonlyMap<PersonId, number> },
): Promise<Outcome> {
  const altered = Buffer.from(whole);
  const at = bit >> 3;
  altered.writeUInt8(altered.readUInt8(at) ^ (1 << (bit & 7)), at);
  for (const end of ['', '-wal', '-shm']) rmSync(`${options.path}${end}`, { force: true });
  writeFileSync(options.path, altered);
  try {
    return await use(options, seeds);
  } catch (error) {
    if (!isRollcallError(error) || !/^(?:gallery|database)-/.test(error.code)) {
      t.diagnostic(`bit ${bit & 7} of byte ${at} (page ${at >> 12}): ${String(error)}`);
      throw error;
    }
    return 'refused';
  }
}
