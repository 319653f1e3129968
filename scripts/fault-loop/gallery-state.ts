import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { KeyEncryptionKey } from '../../daemon/core/gallery/keys/key-encryption-key.js';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import { readKeySlots } from '../../daemon/core/gallery/keys/key-slots.js';
import type { PersonEntry } from '../../daemon/core/gallery/persons/person-entry.js';
import { places } from '../../daemon/core/gallery/places.js';
import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import type { RecogniserId } from '../../daemon/kernel/ids.js';
import type { FaultBox } from './fault-box.js';
import type { Fate, FoundPerson, GalleryState } from './journal.js';
import { embeddingOf, jpegsOf, seedOf } from './played-person.js';
import { samplesOf } from './sealed-samples.js';

/** Looks at everything in a gallery that was opened. */
export async function readState({ box, recogniser, upkeep }: FaultBox): Promise<GalleryState> {
  const { vault } = box;
  const gallery = vault.gallery();
  const { database, audit } = vault.file;
  const problems = fileProblems(database);
  if (audit.verify().outcome !== 'whole') problems.push('the audit log is not whole');
  for (const { table, rowId } of gallery.quarantined) problems.push(`${table} ${rowId} does not open`);
  const persons: FoundPerson[] = [];
  let active = 0;
  for (const entry of await gallery.listPersons()) {
    const seed = seedOf(entry.profile?.name);
    if (seed === undefined) {
      problems.push(`${entry.id} has not the name they were enrolled with`);
      continue;
    }
    const fate = fateOf(entry);
    if (fate === 'active') active += 1;
    problems.push(...(await personProblems(gallery, { entry, seed, fate, recogniser })));
    persons.push({ seed, id: entry.id, fate, pieces: samplesOf(database, entry.id) });
  }
  if (gallery.personCount !== active)
    problems.push(`${gallery.personCount} persons in memory, ${active} in the file`);
  const tombstones = database.db.prepare<[], string>('SELECT person_id FROM tombstone').pluck().all();
  const isRotating = readKeySlots(database).length > 1;
  return { persons, tombstones, isRotating, isMoving: upkeep.status().reEmbedding !== undefined, problems };
}

function fateOf({ state, templateCount, photographCount }: PersonEntry): Fate {
  if (state === 'active') return 'active';
  return templateCount + photographCount === 0 ? 'withdrawn' : 'removed';
}

function fileProblems({ db }: OpenDatabase): string[] {
  const problems: string[] = [];
  if (db.pragma('integrity_check', { simple: true }) !== 'ok') problems.push('integrity_check failed');
  if (db.pragma('foreign_key_check', { simple: true }) !== undefined)
    problems.push('foreign_key_check failed');
  const count = (from: string): number =>
    db.prepare<[], number>(`SELECT count(*) FROM ${from}`).pluck().get() ?? 0;
  if (count("person WHERE state = 'staged'") > 0) problems.push('persons of an import were left');
  const inUse = 'SELECT data_key_id FROM person UNION SELECT data_key_id FROM evidence';
  if (count(`data_key WHERE id NOT IN (${inUse})`) > 0) problems.push('data keys without an owner were left');
  return problems;
}

/** Whether their photographs open and their face is found, as it should be of one of their fate. */
async function personProblems(
  gallery: Gallery,
  {
    entry,
    seed,
    fate,
    recogniser,
  }: {
    readonly entry: PersonEntry;
    readonly seed: number;
    readonly fate: Fate;
    readonly recogniser: RecogniserId;
  },
): Promise<readonly string[]> {
  const { id, profile } = entry;
  const problems: string[] = [];
  const jpegs = jpegsOf(seed);
  if (fate !== 'withdrawn') {
    if (profile?.externalId !== undefined && profile.externalId !== `E-${seed}`)
      problems.push(`${id} has another external id`);
    const held = (gallery.showPerson(id)?.photographs ?? []).map((each) =>
      gallery.readPhotograph(id, each.id),
    );
    const isThere = (jpeg: Uint8Array): boolean =>
      held.some((each) => each !== undefined && Buffer.from(jpeg).equals(each));
    if (held.length !== jpegs.length || !jpegs.every(isThere)) problems.push(`${id} lacks a photograph`);
  }
  for (const jpeg of jpegs) {
    const [best] = await gallery.nearest(embeddingOf(recogniser, jpeg), { count: 1 });
    const isFound = best?.personId === id && best.similarity > 0.999;
    if (isFound !== (fate === 'active'))
      problems.push(`${id} is ${fate} and ${isFound ? '' : 'not '}recognised`);
  }
  return problems;
}

/** What keys that were replaced still open. To be asked when no rotation is under way. */
export function oldKeyProblems({ box, places: { oldKeys } }: FaultBox): readonly string[] {
  const { database } = box.vault.file;
  const inForce = readKeySlots(database).map(({ keyId }) => keyId);
  const problems = inForce.length === 1 ? [] : [`${inForce.length} keys are in force`];
  const wraps = database.db
    .prepare<[], { id: string; wrapped: Uint8Array }>('SELECT id, wrapped FROM data_key')
    .all();
  for (const name of readdirSync(oldKeys)) {
    const secret = readFileSync(join(oldKeys, name));
    if (inForce.includes(keyIdOf(secret))) continue;
    using key = new KeyEncryptionKey(secret);
    const opened = wraps.filter(({ id, wrapped }) => key.unwrap(places.dataKey(id), wrapped) !== undefined);
    if (opened.length > 0) problems.push(`an old key opens ${opened.length} data keys`);
  }
  return problems;
}
