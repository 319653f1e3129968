import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';
import {
  enrolmentOf,
  enrolmentPhotograph,
  galleryOptions,
  noiseJpeg,
  type TestGalleryOptions,
  temporaryDirectory,
  tester,
  unitVector,
} from './gallery-fixture.js';
import { filesIn, piecesIn } from './gallery-tampering.js';

/** The person whose traces are searched for. */
export const profile: PersonProfile = {
  name: 'Wilhelmina Featherstonehaugh',
  externalId: 'payroll-7731-zyx',
  notes: 'prefers the side entrance, walks with a cane',
  consent: { basis: 'consent', dateIso: '2026-01-02', reference: 'cabinet 12 folder 9' },
};

/** Everything about the person whom `enrolWilhelmina` enrols, as bytes. */
export const plaintexts: readonly Uint8Array[] = [
  ...[profile.name, profile.externalId ?? '', profile.notes ?? '', profile.consent?.reference ?? ''].flatMap(
    (text) => [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')],
  ),
  noiseJpeg(1, 30_000),
  noiseJpeg(2, 30_000),
  noiseJpeg(4, 9000),
  ...[1, 2].map((seed) => Buffer.from(unitVector(seed).slice().buffer)),
];

function enrolWilhelmina(gallery: Gallery): Promise<PersonId> {
  const photographs = [1, 2].map((seed) => ({ ...enrolmentPhotograph(seed), jpeg: noiseJpeg(seed, 30_000) }));
  return gallery.addPerson({ profile, photographs }, tester);
}

/** What is sealed of the person, and their wrapped data key, as it lies in the rows. */
export function ciphertextsOf({ path }: { readonly path: string }, id: PersonId): readonly Buffer[] {
  const db = new Sqlite(path, { readonly: true });
  try {
    return [
      'SELECT profile FROM person WHERE id = ?',
      'SELECT vector FROM template WHERE person_id = ?',
      'SELECT jpeg FROM photograph WHERE person_id = ?',
      'SELECT jpeg FROM evidence WHERE person_id = ?',
      'SELECT wrapped FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)',
    ].flatMap((sql) => db.prepare<[string], Buffer>(sql).pluck().all(id));
  } finally {
    db.close();
  }
}

/** Fails if any piece of any of them is in a file of the directory. */
export function assertGone(t: TestContext, directory: string, secrets: readonly Uint8Array[]): void {
  const files = filesIn(t, directory);
  for (const [index, secret] of secrets.entries())
    assert.equal(piecesIn(files, secret), 0, `secret ${index}`);
}

/** Fails if one of them is not found, because then the scan would prove nothing. */
export function assertThere(t: TestContext, directory: string, secrets: readonly Uint8Array[]): void {
  const files = filesIn(t, directory);
  for (const [index, secret] of secrets.entries()) assert.ok(piecesIn(files, secret) > 0, `secret ${index}`);
}

/** A directory for a gallery. */
export function prepared(t: TestContext): {
  readonly directory: string;
  readonly options: TestGalleryOptions;
} {
  const directory = temporaryDirectory(t);
  return { directory, options: galleryOptions(directory) };
}

/** Two persons, each with a picture kept from an event; Wilhelmina's has the seed 4. */
export async function fill(
  gallery: Gallery,
): Promise<{ readonly leaver: PersonId; readonly stayer: PersonId }> {
  const leaver = await enrolWilhelmina(gallery);
  const stayer = await gallery.addPerson(enrolmentOf('Stays', [3]), tester);
  const picture = { kind: 'attendance', cameraId: 'gate', takenAtMs: 1_700_000_000_000 } as const;
  for (const [seed, personId] of [
    [4, leaver],
    [5, stayer],
  ] as const) {
    assert.ok(
      gallery.addEvidence({ ...picture, eventId: `event-${seed}`, personId, jpeg: noiseJpeg(seed, 9000) }),
    );
  }
  assert.ok(
    gallery.addEvidence({ ...picture, kind: 'unknown', eventId: 'event-6', jpeg: noiseJpeg(6, 9000) }),
  );
  return { leaver, stayer };
}
