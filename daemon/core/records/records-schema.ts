import type { Migration } from '../../host/sqlite-migrations.js';

/** Marks the file as ours in its header (SQLite `application_id`): the letters "RCre". */
export const recordsApplicationId = 0x52_43_72_65;

/**
 * - `event`: each event once. `payload` contains the published form, except for what is added when it is sent. Only
 *   `payload` and `person_id` name persons. `person_id` is the person whom the event names for certain; the two
 *   candidates of an ambiguous passage are in the payload only.
 * - `attendance_correction`: manual corrections. Rows are added and never changed, except that erasing a person empties
 *   `reason`.
 * - `counter`: numbers that never decrease, whatever is deleted around them. `revision` counts transactions.
 *   `commands-from` (milliseconds since the epoch): commands that were issued earlier are refused. The outbox describes its own.
 * - `lineage`: the random name of this file, one row. Each recovery gives a new name, so an old copy of the file shows.
 */
const eventTables = `
  CREATE TABLE event (
    sequence        INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    camera_id       TEXT,
    track_id        TEXT,
    person_id       TEXT,
    command_id      TEXT,
    occurred_at_ms  INTEGER NOT NULL,
    recorded_at_ms  INTEGER NOT NULL,
    payload         BLOB    NOT NULL
  ) STRICT;

  CREATE INDEX event_by_subject ON event (kind, camera_id, person_id, sequence);
  CREATE INDEX event_by_person ON event (person_id) WHERE person_id IS NOT NULL;
  CREATE INDEX event_by_age ON event (kind, recorded_at_ms);
  CREATE INDEX attendance_by_person ON event (person_id, occurred_at_ms, camera_id) WHERE kind = 'attendance';
  CREATE INDEX ambiguous_by_nearer ON event (json_extract(CAST(payload AS TEXT), '$.data.candidates[0].person'))
    WHERE kind = 'recognised-ambiguous';
  CREATE INDEX ambiguous_by_other ON event (json_extract(CAST(payload AS TEXT), '$.data.candidates[1].person'))
    WHERE kind = 'recognised-ambiguous';
  CREATE INDEX ambiguous_by_time ON event (occurred_at_ms) WHERE kind = 'recognised-ambiguous';
  CREATE INDEX attendance_without_proof ON event (person_id, occurred_at_ms)
    WHERE kind = 'attendance' AND json_extract(CAST(payload AS TEXT), '$.data.liveness.verdict') <> 'live';
  CREATE INDEX unproven_by_person ON event (person_id, occurred_at_ms) WHERE kind = 'recognised-unproven';
  CREATE INDEX unproven_by_time ON event (occurred_at_ms) WHERE kind = 'recognised-unproven';

  CREATE TABLE attendance_correction (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id       TEXT    NOT NULL,
    date            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    at_ms           INTEGER,
    reason          TEXT    NOT NULL,
    made_by         TEXT    NOT NULL,
    recorded_at_ms  INTEGER NOT NULL
  ) STRICT;

  CREATE INDEX correction_by_person ON attendance_correction (person_id, date);
  CREATE INDEX correction_by_age ON attendance_correction (recorded_at_ms);

  CREATE TABLE counter (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT INTO counter (name, value) VALUES
    ('event', 0), ('state', 0), ('sent', 0), ('centre', 0), ('connection', 0), ('revision', 0), ('commands-from', 0);

  CREATE TABLE lineage (name TEXT NOT NULL) STRICT;
`;

/**
 * - `outbox`: events that are not confirmed yet. `since_ms`: when the row was (last) added. `sent_over`: the number of the
 *   connection whose broker last accepted the row; the row then stays only until the centre confirms it.
 * - `outbox_total`: number and size of the waiting rows of each kind, maintained by triggers, and how many were given up
 *   since the file was created.
 * - `given_up`: recorded events that were given up and not requested again.
 * - Counters: `sent`, the newest event that a broker accepted; `centre`, the sequence up to which the centre has stored
 *   all events; `connection`, the number of connections that sent events for a centre.
 */
const outboxTables = `
  CREATE TABLE outbox (
    sequence    INTEGER PRIMARY KEY REFERENCES event (sequence),
    kind        TEXT    NOT NULL,
    size_bytes  INTEGER NOT NULL,
    since_ms    INTEGER NOT NULL,
    is_again    INTEGER NOT NULL DEFAULT 0,
    sent_over   INTEGER
  ) STRICT;
  CREATE INDEX outbox_by_age ON outbox (kind, since_ms);

  CREATE TABLE outbox_total (
    kind       TEXT    PRIMARY KEY,
    count      INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    given_up   INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE given_up (
    sequence INTEGER PRIMARY KEY REFERENCES event (sequence) ON DELETE CASCADE
  ) STRICT;

  CREATE TRIGGER outbox_grows AFTER INSERT ON outbox BEGIN
    INSERT INTO outbox_total (kind) SELECT NEW.kind
      WHERE NOT EXISTS (SELECT 1 FROM outbox_total WHERE kind = NEW.kind);
    UPDATE outbox_total SET count = count + 1, size_bytes = size_bytes + NEW.size_bytes WHERE kind = NEW.kind;
  END;
  CREATE TRIGGER outbox_shrinks AFTER DELETE ON outbox BEGIN
    UPDATE outbox_total SET count = count - 1, size_bytes = size_bytes - OLD.size_bytes WHERE kind = OLD.kind;
  END;
`;

/**
 * What the sources of events remember. A row changes in the transaction of the event that it is about.
 *
 * - `box_condition`: whether the newest event about a condition says that it is active, and in `about` the items that this
 *   event names, a JSON array of texts.
 * - `source_state`: how far each source has come, as a text that only the source reads.
 */
const sourceTables = `
  CREATE TABLE box_condition (
    condition TEXT    PRIMARY KEY,
    is_active INTEGER NOT NULL,
    about     TEXT    NOT NULL DEFAULT '[]'
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE source_state (
    source TEXT PRIMARY KEY,
    state  TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/**
 * - `command`: accepted commands of the centre, until a token with the same id can no longer be valid. `arguments` is set
 *   while the command waits, `reply` after its answer unless the answer was too long. `seal` authenticates a waiting row.
 * - `command_mark`: for each issuer, the expiry time up to which commands were forgotten; older tokens are refused,
 *   whatever the clock says.
 * - `person_photographs`: hashes of the photographs from which a centre enrolled a person.
 */
const commandTables = `
  CREATE TABLE command (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer_id      TEXT    NOT NULL,
    command_id     TEXT    NOT NULL,
    key_id         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    claims_hash    BLOB    NOT NULL,
    state          TEXT    NOT NULL,
    arguments      TEXT,
    reply          TEXT,
    expires_at_ms  INTEGER NOT NULL,
    seal           BLOB,
    UNIQUE (issuer_id, command_id)
  ) STRICT;
  CREATE INDEX command_by_state ON command (state, number);
  CREATE INDEX command_by_age ON command (expires_at_ms);

  CREATE TABLE command_mark (
    issuer_id           TEXT    PRIMARY KEY,
    forgotten_until_ms  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE person_photographs (
    person_id  TEXT PRIMARY KEY,
    hashes     TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/**
 * - `granted`: trusted keys of issuers, and cameras that a centre switched. A row that this program did not seal is not
 *   trusted. `content` is JSON, `box` the box of the grant, `revision` the revision of the whole set; `seal` authenticates
 *   all other columns.
 * - `set_aside`: rows that were not trusted, with the reason, until a person dismisses them.
 */
const grantTables = `
  CREATE TABLE granted (
    kind      TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    content   TEXT    NOT NULL,
    box       TEXT    NOT NULL,
    revision  INTEGER NOT NULL,
    seal      BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE set_aside (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    reason   TEXT    NOT NULL,
    kind     TEXT,
    id       TEXT,
    content  TEXT,
    at_ms    INTEGER NOT NULL
  ) STRICT;
`;

/**
 * - `alert_rule`: the state of each rule, JSON. The counter `alerts`, which exists only while there are rules, is the
 *   sequence up to which the rules have read the events.
 * - `alert`: the message of each alert, and who acknowledged it. It names cameras, never persons.
 * - `alert_mute`: rules whose alerts are stored, but not sent, until a time.
 * - `alert_delivery`: the delivery of an alert to one channel.
 */
const alertTables = `
  CREATE TABLE alert_rule (
    rule_id TEXT PRIMARY KEY,
    state   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE alert (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    message       TEXT    NOT NULL,
    acknowledged_at_ms INTEGER,
    acknowledged_by    TEXT
  ) STRICT;

  CREATE TABLE alert_mute (
    rule_id   TEXT    PRIMARY KEY,
    until_ms  INTEGER NOT NULL,
    muted_by  TEXT    NOT NULL,
    since_ms  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX alert_by_age ON alert (created_at_ms);

  CREATE TABLE alert_delivery (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_number  INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
    channel_id    TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_at_ms    INTEGER NOT NULL,
    last_at_ms    INTEGER,
    code          TEXT,
    reason        TEXT
  ) STRICT;

  CREATE INDEX delivery_of_alert ON alert_delivery (alert_number);
  CREATE INDEX delivery_to_see_to ON alert_delivery (state, number) WHERE state <> 'delivered';
`;

/**
 * - `retained_message`: retained messages of this box. A broker keeps them until the box withdraws them, also when their
 *   camera was removed from the configuration while the daemon was off. `owner`: the part of the program that publishes
 *   the message. `parts`: what of its content must be withdrawn item by item; JSON.
 */
const retainedTables = `
  CREATE TABLE retained_message (
    owner TEXT NOT NULL,
    topic TEXT NOT NULL,
    parts TEXT NOT NULL,
    PRIMARY KEY (owner, topic)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * - `enrolment_key`: enrolments by the key that their caller chose. `place`: a keyed hash of caller and key. `content`: one of the
 *   request. `answer`: what was said of its photographs, JSON without names.
 */
const enrolmentTables = `
  CREATE TABLE enrolment_key (
    place     BLOB    PRIMARY KEY,
    content   TEXT    NOT NULL,
    person_id TEXT    NOT NULL,
    answer    TEXT    NOT NULL,
    at_ms     INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX enrolment_key_by_person ON enrolment_key (person_id);
  CREATE INDEX enrolment_key_by_age ON enrolment_key (at_ms);
`;

/**
 * - `passage`: the passages. Camera, times, outcome, reason and the opaque id of a stranger are readable; `content` is sealed
 *   under the key of a day in the gallery (`key_id`). `ended_as` is null while the face is in sight.
 * - `passage_person`: keyed hashes of the persons whom a passage names: the recognised person (`is_own`), and others who are
 *   near.
 *
 * `passage_listed` has every column that a list filters by, so that a list reads only the rows that it shows.
 */
const passageTables = `
  CREATE TABLE passage (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    camera_id       TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    last_seen_ms    INTEGER NOT NULL,
    ended_as        TEXT,
    outcome         TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    stranger_id     TEXT,
    stranger_visit  INTEGER,
    key_id          TEXT    NOT NULL,
    content         BLOB    NOT NULL
  ) STRICT;
  CREATE INDEX passage_listed ON passage (number, camera_id, started_at_ms, outcome, reason, stranger_id);
  CREATE INDEX passage_by_start ON passage (started_at_ms, camera_id, outcome, reason, ended_as);
  CREATE INDEX passage_by_stranger ON passage (stranger_id) WHERE stranger_id IS NOT NULL;
  CREATE INDEX passage_in_sight ON passage (number) WHERE ended_as IS NULL;

  CREATE TABLE passage_person (
    tag     BLOB    NOT NULL,
    number  INTEGER NOT NULL REFERENCES passage (number) ON DELETE CASCADE,
    is_own  INTEGER NOT NULL,
    PRIMARY KEY (tag, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX person_of_passage ON passage_person (number);
`;

/** The hashes were made without a key: whoever had the file could try guesses of a person's data against them. Keys last a day. */
const keyedEnrolments = `DROP TABLE enrolment_key;${enrolmentTables.replace('content   TEXT ', 'content   BLOB ')}`;

/**
 * - `kept_request`: requests that make something, by the key that their caller chose. `place`: a keyed hash of caller, operation and
 *   key. `caller`: one of the caller. `sealed`: what was sent, as a hash, and what was answered.
 * - `kept_request_person`: the persons whom an answer is about.
 *
 * They take the place of `enrolment_key`. Keys last a day.
 */
const keptRequestTables = `
  DROP TABLE enrolment_key;

  CREATE TABLE kept_request (
    place   BLOB    PRIMARY KEY,
    caller  BLOB    NOT NULL,
    sealed  BLOB    NOT NULL,
    at_ms   INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX kept_request_by_caller ON kept_request (caller, at_ms);
  CREATE INDEX kept_request_by_age ON kept_request (at_ms);

  CREATE TABLE kept_request_person (
    person_id TEXT NOT NULL,
    place     BLOB NOT NULL REFERENCES kept_request (place) ON DELETE CASCADE,
    PRIMARY KEY (person_id, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX person_of_kept_request ON kept_request_person (place);
`;

/** - `attendance_correction.camera_id`: of `seen` and `not-seen`, where. */
const correctedCameras = 'ALTER TABLE attendance_correction ADD COLUMN camera_id TEXT;';

/**
 * - `alert_mute.seal`: authenticates the row, so that whoever can write the file cannot silence alerts. A mute of an earlier
 *   version has none and ends with the update.
 */
const sealedMutes = 'ALTER TABLE alert_mute ADD COLUMN seal BLOB;';

/**
 * - `event.seal`, `attendance_correction.seal`: authenticate all other columns.
 * - `own_count`: how many rows of each counted table this program has added and not deleted.
 * - `numbers_seal`: one row, which authenticates `counter`, `own_count` and `lineage`; each transaction renews it.
 * - `row_set_aside`: rows that this program did not write, as JSON. They age as attendance does.
 */
const sealedRows = `
  ALTER TABLE event ADD COLUMN seal BLOB;
  ALTER TABLE attendance_correction ADD COLUMN seal BLOB;

  CREATE TABLE own_count (
    name  TEXT    PRIMARY KEY,
    count INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE numbers_seal (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seal BLOB    NOT NULL
  ) STRICT;

  CREATE TABLE row_set_aside (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    row          TEXT    NOT NULL,
    found_at_ms  INTEGER NOT NULL
  ) STRICT;
`;

/**
 * - `review_aside`: items of the review queue that were set aside. `actor`: for whom; empty for everyone. `passage`: the passage that the
 *   item is, with which the row goes.
 *
 * `mark_by_passage` leaves out marks whose content is damaged: an error in an index would look like a damaged file.
 */
const reviewTables = `
  CREATE TABLE review_aside (
    item     TEXT    NOT NULL,
    actor    TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    passage  INTEGER REFERENCES passage (number) ON DELETE CASCADE,
    PRIMARY KEY (item, actor)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX review_aside_of_passage ON review_aside (passage) WHERE passage IS NOT NULL;
  CREATE INDEX mark_by_passage ON event (
    CASE WHEN json_valid(CAST(payload AS TEXT)) THEN json_extract(CAST(payload AS TEXT), '$.data.passage') END
  ) WHERE kind = 'mark';
`;

/**
 * - `passage_clip`: the clip of a passage, or why it has none (`state`). The frames are in a file of their own; `sealed_key` is its key,
 *   sealed under the key of a day in the gallery (`key_id`). The row goes with its passage.
 */
const clipTable = `
  CREATE TABLE passage_clip (
    passage     INTEGER PRIMARY KEY REFERENCES passage (number) ON DELETE CASCADE,
    camera_id   TEXT    NOT NULL,
    event_id    TEXT    NOT NULL,
    from_ms     INTEGER NOT NULL,
    until_ms    INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'pending',
    frames      INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    is_short    INTEGER NOT NULL DEFAULT 0,
    file        TEXT,
    key_id      TEXT,
    sealed_key  BLOB
  ) STRICT;
  CREATE INDEX clip_by_age ON passage_clip (from_ms);
  CREATE INDEX clip_by_camera ON passage_clip (camera_id, from_ms);
`;

/** Changes in what cameras saw, and starts and stops of the box: some may be recorded long after they happened, so time finds them. */
const sightIndices = `
  CREATE INDEX camera_change_by_time ON event (camera_id, occurred_at_ms) WHERE kind = 'camera';
  CREATE INDEX box_run_by_time ON event (occurred_at_ms) WHERE kind = 'box'
    AND CASE WHEN json_valid(CAST(payload AS TEXT)) THEN json_extract(CAST(payload AS TEXT), '$.data.condition') END = 'running';
`;

/** Migrations go forward only; a released migration is never edited. */
export const recordsMigrations: readonly Migration[] = [
  {
    name: 'events and their outbox, alerts, commands and grants',
    apply: [
      eventTables,
      outboxTables,
      sourceTables,
      commandTables,
      grantTables,
      alertTables,
      retainedTables,
    ].join('\n'),
  },
  { name: 'enrolments by the key of their caller', apply: enrolmentTables },
  { name: 'passages', apply: passageTables },
  { name: 'corrections of single attendances', apply: correctedCameras },
  { name: 'seals of mutes', apply: sealedMutes },
  { name: 'keyed hashes of idempotency keys', apply: keyedEnrolments },
  { name: 'requests by the key of their caller', apply: keptRequestTables },
  { name: 'seals of events and corrections', apply: sealedRows },
  { name: 'review queue', apply: reviewTables },
  { name: 'sight of cameras by time', apply: sightIndices },
  { name: 'clips of passages', apply: clipTable },
];
