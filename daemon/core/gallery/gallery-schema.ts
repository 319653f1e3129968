import type { Migration } from '../../host/sqlite-migrations.js';
import { auditTables } from '../audit/audit-schema.js';

/** `PRAGMA application_id` of a gallery file: "rcGa". */
export const GALLERY_APPLICATION_ID = 0x72634761;

/** Tables that are checked when the file is opened. The others hold pictures; `gallery verify` checks them. */
export const TABLES_CHECKED_AT_OPENING = [
  'gallery',
  'key_slot',
  'data_key',
  'person',
  'template',
  'tombstone',
  'stranger',
];

/**
 * Key-encryption keys wrap data keys. All personal data is in sealed BLOBs: `profile`, `vector`, `jpeg`. docs/explanation/gallery.md lists
 * the readable columns and the reasons.
 */
const initialTables = `
CREATE TABLE gallery (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  recogniser TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE key_slot (
  key_id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  parameters TEXT NOT NULL,
  check_value BLOB NOT NULL,
  seal BLOB NOT NULL,
  other_key BLOB,
  is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE data_key (
  id TEXT PRIMARY KEY,
  kek_id TEXT NOT NULL REFERENCES key_slot (key_id),
  wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX data_key_by_kek ON data_key (kek_id);

CREATE TABLE person (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('active', 'staged', 'removed')),
  import_id TEXT,
  data_key_id TEXT NOT NULL UNIQUE REFERENCES data_key (id),
  revision INTEGER NOT NULL,
  profile BLOB NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_by_enrolment ON person (enrolled_at_ms, id);

CREATE TABLE template (
  person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE,
  recogniser TEXT NOT NULL,
  photograph_id TEXT,
  vector BLOB NOT NULL,
  quality REAL NOT NULL,
  PRIMARY KEY (person_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE photograph (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  jpeg BLOB NOT NULL,
  added_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX photograph_by_person ON photograph (person_id);
CREATE INDEX photograph_by_age ON photograph (added_at_ms);

CREATE TABLE evidence (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('attendance', 'unknown', 'attack')),
  event_id TEXT NOT NULL,
  camera_id TEXT NOT NULL,
  person_id TEXT REFERENCES person (id) ON DELETE CASCADE,
  data_key_id TEXT NOT NULL REFERENCES data_key (id),
  jpeg BLOB NOT NULL,
  taken_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_by_age ON evidence (kind, taken_at_ms);
CREATE INDEX evidence_by_person ON evidence (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX evidence_by_key ON evidence (data_key_id);

CREATE TABLE tombstone (
  person_id TEXT PRIMARY KEY,
  erased_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

${auditTables}
`;

/**
 * The keys that seal passages in records.db, by the start of their day (UTC). A retired key opens what it sealed, but seals no
 * more.
 */
const passageKeyTable = `
CREATE TABLE passage_key (
  data_key_id TEXT PRIMARY KEY REFERENCES data_key (id),
  day_ms INTEGER NOT NULL,
  is_retired INTEGER NOT NULL CHECK (is_retired IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX passage_key_of_day ON passage_key (day_ms) WHERE is_retired = 0;
`;

/** Strangers, each under a data key of their own. Templates, cameras and passages are in the sealed content. */
const strangerTable = `
CREATE TABLE stranger (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('active', 'ignored')),
  recogniser TEXT NOT NULL,
  data_key_id TEXT NOT NULL UNIQUE REFERENCES data_key (id),
  revision INTEGER NOT NULL,
  content BLOB NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  visits INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stranger_by_age ON stranger (state, last_seen_ms);
`;

/** Pictures of passages join those of events. The index by age has the kind first, so each kind has its own rule of retention. */
const pictureOfPassage = `
CREATE TABLE evidence_next (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('attendance', 'unknown', 'attack', 'passage')),
  event_id TEXT NOT NULL,
  camera_id TEXT NOT NULL,
  person_id TEXT REFERENCES person (id) ON DELETE CASCADE,
  data_key_id TEXT NOT NULL REFERENCES data_key (id),
  jpeg BLOB NOT NULL,
  taken_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO evidence_next SELECT id, kind, event_id, camera_id, person_id, data_key_id, jpeg, taken_at_ms FROM evidence;
DROP TABLE evidence;
ALTER TABLE evidence_next RENAME TO evidence;
CREATE INDEX evidence_by_age ON evidence (kind, taken_at_ms);
CREATE INDEX evidence_by_person ON evidence (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX evidence_by_key ON evidence (data_key_id);
`;

/**
 * Strangers who were discarded or assigned and can still be restored, with the time from which they cannot. `person_id` is the person
 * whom a stranger was said to be: an erasure of the person must find the stranger without a key.
 */
const strangerAside = `
ALTER TABLE stranger ADD COLUMN forgotten_at_ms INTEGER;
ALTER TABLE stranger ADD COLUMN person_id TEXT;
CREATE INDEX stranger_aside ON stranger (forgotten_at_ms) WHERE forgotten_at_ms IS NOT NULL;
`;

/** The photograph that a template was made from, also after retention deleted it: the profile knows where that came from. */
const templateMadeFrom = `
ALTER TABLE template ADD COLUMN made_from TEXT;
UPDATE template SET made_from = photograph_id;
`;

/** The tables whose rows have a data key. A data key without such a row is of nothing. */
export const DATA_KEY_HOLDERS = ['person', 'evidence', 'passage_key', 'stranger'] as const;

/** Forward only. Never edit a released migration. */
export const GALLERY_MIGRATIONS: readonly Migration[] = [
  { name: 'keys, persons, templates, photographs, evidence, tombstones and audit', apply: initialTables },
  { name: 'keys of the days of passages', apply: passageKeyTable },
  { name: 'strangers', apply: strangerTable },
  { name: 'pictures of passages', apply: pictureOfPassage },
  { name: 'strangers who are set aside', apply: strangerAside },
  { name: 'the photographs that templates were made from', apply: templateMadeFrom },
];
