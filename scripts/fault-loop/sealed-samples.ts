import type { OpenDatabase } from '../../daemon/host/sqlite.js';

const PIECE_BYTES = 25;

const queries = [
  'SELECT profile FROM person WHERE id = ?',
  'SELECT vector FROM template WHERE person_id = ?',
  'SELECT jpeg FROM photograph WHERE person_id = ?',
  'SELECT jpeg FROM evidence WHERE person_id = ?',
  'SELECT wrapped FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)',
];

/** Of each sealed value of a person, and of their wrapped data key, three pieces of its latter half, hexadecimal. */
export function samplesOf({ db }: OpenDatabase, personId: string): readonly string[] {
  return queries
    .flatMap((query) => db.prepare<[string], Buffer>(query).pluck().all(personId))
    .flatMap((value) =>
      [0.6, 0.8, 1].map((share) => {
        const start = Math.max(0, Math.floor(value.length * share) - PIECE_BYTES);
        return value.subarray(start, start + PIECE_BYTES).toString('hex');
      }),
    );
}
