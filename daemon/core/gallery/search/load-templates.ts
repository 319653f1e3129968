import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../../host/sodium.js';
import { type PersonId, type RecogniserId, recogniserId } from '../../../kernel/ids.js';
import type { KeyRing } from '../keys/key-ring.js';
import { isUnitEmbedding } from '../persons/enrolment.js';
import { dataKeyOf, type KeyedPersonRow, type PersonRows, type TemplateRow } from '../persons/person-rows.js';
import { places } from '../places.js';
import { openField, type SealingKey } from '../sealing.js';
import type { QuarantinedRow } from '../verify/quarantine.js';
import type { SearchIndex } from './search-index.js';

/** Persons whose templates are opened between two turns of the event loop: a few milliseconds of work. */
const SLICE_PERSONS = 200;

export interface TemplateLoading {
  readonly rows: PersonRows;
  readonly ring: KeyRing;
  readonly recogniser: RecogniserId;
  /** Number of values of a template. */
  readonly dimensions: number;
  readonly index: SearchIndex;
  /** The least revision that each person's row must have. */
  readonly leastRevisions?: ReadonlyMap<string, number>;
  readonly quarantine: (row: QuarantinedRow) => void;
}

/** Sorts after every id; ids are ASCII. */
const AFTER_ALL_IDS = '\u{10ffff}';

/** Loads the templates of every active person into the index. Quarantines rows that cannot be used. */
export async function loadTemplates(loading: TemplateLoading): Promise<void> {
  let previousId = '';
  for (;;) {
    const persons = loading.rows.personsAfter(previousId, SLICE_PERSONS);
    const last = persons.at(-1);
    const templates = byPerson(loading.rows.templatesBetween(previousId, last?.id ?? AFTER_ALL_IDS));
    reportOrphans(templates, persons, loading);
    if (last === undefined) return;
    for (const person of persons) {
      if (isAuthentic(person, loading) && person.state === 'active') {
        loadPerson(person, templates.get(person.id) ?? [], loading);
      }
    }
    previousId = last.id;
    await nextTurn();
  }
}

/**
 * Whether state and revision of the row are genuine and not outdated: an altered file must not make a removed person active.
 * Quarantines the row if they are not.
 */
function isAuthentic(person: KeyedPersonRow, { ring, leastRevisions, quarantine }: TemplateLoading): boolean {
  const { id, revision, state, profile } = person;
  const isWhole = ring.using(dataKeyOf(person), (key) => {
    const opened = openField(key, places.personProfile(id, revision, state), profile);
    if (opened !== undefined) wipe(opened);
    return opened !== undefined;
  });
  const isNewest = revision >= (leastRevisions?.get(id) ?? 0);
  if (isWhole === true && isNewest) return true;
  const reason =
    isWhole === undefined ? 'key-does-not-open' : isWhole ? ('rolled-back' as const) : 'does-not-open';
  quarantine({ table: 'person', rowId: id, personId: id, reason });
  return false;
}

function byPerson(templates: readonly TemplateRow[]): ReadonlyMap<PersonId, readonly TemplateRow[]> {
  const found = new Map<PersonId, TemplateRow[]>();
  for (const row of templates) {
    const before = found.get(row.personId);
    if (before === undefined) found.set(row.personId, [row]);
    else before.push(row);
  }
  return found;
}

function reportOrphans(
  templates: ReadonlyMap<PersonId, readonly TemplateRow[]>,
  persons: readonly KeyedPersonRow[],
  { quarantine }: TemplateLoading,
): void {
  const known = new Set(persons.map(({ id }) => id));
  for (const [personId, rows] of templates) {
    if (known.has(personId)) continue;
    for (const { id } of rows) quarantine({ table: 'template', rowId: id, personId, reason: 'of-nobody' });
  }
}

/** Loads the templates of one person into the index. Does not check the person's state. */
export function loadPerson(
  person: KeyedPersonRow,
  templates: readonly TemplateRow[],
  loading: TemplateLoading,
): void {
  const { ring, index, quarantine } = loading;
  const opened = ring.using(dataKeyOf(person), (key) =>
    templates.flatMap((row) => {
      const found = openTemplate(row, key, loading);
      if (typeof found !== 'string') return [found];
      if (found !== 'being-made')
        quarantine({ table: 'template', rowId: row.id, personId: person.id, reason: found });
      return [];
    }),
  );
  if (opened === undefined) {
    quarantine({ table: 'person', rowId: person.id, personId: person.id, reason: 'key-does-not-open' });
    return;
  }
  index.put(person.id, opened);
  for (const template of opened) template.fill(0);
}

/** The row's template, or the reason why it cannot be used. */
function openTemplate(
  row: TemplateRow,
  key: SealingKey,
  { recogniser, dimensions }: TemplateLoading,
): Float32Array | QuarantinedRow['reason'] | 'being-made' {
  const place = places.templateVector(row.personId, row.id, recogniserId(row.recogniser));
  const plaintext = openField(key, place, row.vector);
  if (plaintext === undefined) return 'does-not-open';
  if (row.recogniser !== recogniser) {
    // A move to another recogniser makes its templates while this one is in use.
    wipe(plaintext);
    return 'being-made';
  }
  const template = decodeTemplate(plaintext);
  if (isUnitEmbedding(template, dimensions)) return template;
  wipe(plaintext);
  return 'not-a-template';
}

/** The template's bytes: float32, little-endian as on every supported platform. Not a copy. */
export function encodeTemplate(template: Float32Array): Uint8Array {
  return new Uint8Array(template.buffer, template.byteOffset, template.byteLength);
}

/** The values in `bytes`; shares their memory if they are aligned. Empty if the size is not a multiple of four. */
export function decodeTemplate(bytes: Uint8Array): Float32Array {
  const size = Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length % size !== 0) return new Float32Array(0);
  if (bytes.byteOffset % size === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / size);
  return new Float32Array(bytes.slice().buffer);
}
