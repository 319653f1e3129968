import type { Migration } from '../host/sqlite-migrations.js';

/** `PRAGMA application_id` of a gallery file: "rcGa". */
export const GALLERY_APPLICATION_ID = 0x72634761;

/**
 * The gallery's tables. Whatever says something about a person is sealed (BLOB columns `name`, `vector`, `jpeg`);
 * ids are random. docs/gallery.md lists what stays readable, and why.
 */
const firstForm = `
CREATE TABLE gallery (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  field_format INTEGER NOT NULL,
  recogniser TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_check BLOB NOT NULL,
  seal BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name BLOB NOT NULL,
  enrolled_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_by_enrolment ON person (enrolled_at_ms, id);
CREATE TABLE template (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  recogniser TEXT NOT NULL,
  vector BLOB NOT NULL,
  quality REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX template_by_person ON template (person_id);
CREATE TABLE photograph (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  jpeg BLOB NOT NULL
) STRICT;
CREATE INDEX photograph_by_person ON photograph (person_id);
`;

/** Forward only; a released migration is never edited. */
export const GALLERY_MIGRATIONS: readonly Migration[] = [
  { name: 'persons, templates and photographs', apply: firstForm },
];
