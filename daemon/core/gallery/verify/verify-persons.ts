import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../../host/sodium.js';
import { findDisagreement } from '../../../kernel/identification/photograph-agreement.js';
import { type PersonId, personId, recogniserId } from '../../../kernel/ids.js';
import { isUnitEmbedding } from '../persons/enrolment.js';
import { dataKeyOf, type PersonCountsRow, PersonRows, type TemplateRow } from '../persons/person-rows.js';
import { places } from '../places.js';
import { openField, type SealingKey } from '../sealing.js';
import { decodeTemplate } from '../search/load-templates.js';
import { PersonTrail } from './verify-trail.js';
import type { VerifyWalk } from './verify-walk.js';

/** Opens the profile and templates of every person, and compares the persons with the audit log. */
export async function verifyPersons(walk: VerifyWalk): Promise<void> {
  const { file } = walk.parts;
  const persons = new PersonRows(file.database);
  const trail = walk.readable(() => new PersonTrail(file.database));
  if (trail !== 'damaged') await readTrail(walk, trail);
  const known = trail === 'damaged' ? undefined : trail;
  await walk.each(
    'person',
    (previousId) => walk.rows.idsAfter('person', previousId),
    (id) => verifyPerson(walk, persons, personId(id), known),
  );
  await walk.each(
    'template',
    (previousId) => walk.rows.templateOwnersAfter(previousId),
    (id) => verifyOwner(walk, persons, id),
  );
  for (const id of known?.ids ?? []) {
    verifyPresence(walk, known, id);
    await walk.turn(0);
  }
}

async function readTrail(walk: VerifyWalk, trail: PersonTrail): Promise<void> {
  // If the log cannot be read to its end, the check of its chain reports that.
  while (walk.readable(() => trail.readOn()) === true) {
    await nextTurn();
    walk.throwIfStopped();
  }
}

function verifyPerson(
  walk: VerifyWalk,
  persons: PersonRows,
  id: PersonId,
  trail: PersonTrail | undefined,
): void {
  const row = walk.readable(() => persons.person(id));
  const templates = walk.readable(() => persons.templatesOf(id));
  if (row === 'damaged') {
    walk.quarantine('person', id, id, 'page-damaged');
    return;
  }
  // The person was erased after the ids were listed.
  if (row === undefined) return;
  walk.checked.persons += 1;
  if (walk.readable(() => walk.rows.hasTombstone(id)) === true) {
    walk.quarantine('person', id, id, 'erased');
    return;
  }
  if (templates === 'damaged') walk.report({ table: 'template', personId: id, reason: 'page-damaged' });
  const rows = templates === 'damaged' ? [] : templates;
  const isOpen = walk.parts.ring.using(dataKeyOf(row), (key) => {
    const opened = rows.flatMap((template) => verifyTemplate(walk, key, template));
    const isProfileOpen = doesProfileOpen(key, row);
    if (isProfileOpen && row.state !== 'staged') compareTemplates(walk, id, opened);
    for (const { vector } of opened) vector.fill(0);
    return isProfileOpen;
  });
  if (isOpen !== true) {
    walk.quarantine('person', id, id, isOpen === undefined ? 'key-does-not-open' : 'does-not-open');
    return;
  }
  if (trail !== undefined && row.state !== 'staged') compare(walk, row, trail, rows);
}

function doesProfileOpen(key: SealingKey, { id, revision, state, profile }: PersonCountsRow): boolean {
  const opened = openField(key, places.personProfile(id, revision, state), profile);
  if (opened !== undefined) wipe(opened);
  return opened !== undefined;
}

interface OpenedTemplate {
  readonly row: TemplateRow;
  /** The caller overwrites it. */
  readonly vector: Float32Array;
}

/** Empty if the row cannot be used; it is then quarantined. */
function verifyTemplate(walk: VerifyWalk, key: SealingKey, row: TemplateRow): readonly OpenedTemplate[] {
  walk.checked.templates += 1;
  const place = places.templateVector(row.personId, row.id, recogniserId(row.recogniser));
  const opened = openField(key, place, row.vector);
  if (opened === undefined) {
    walk.quarantine('template', row.id, row.personId, 'does-not-open');
    return [];
  }
  const vector = decodeTemplate(opened).slice();
  wipe(opened);
  if (isUnitEmbedding(vector, vector.length) && vector.length > 0) return [{ row, vector }];
  vector.fill(0);
  walk.quarantine('template', row.id, row.personId, 'not-a-template');
  return [];
}

/** Compares the templates of each recogniser separately: during a move, a person has templates of two. */
function compareTemplates(walk: VerifyWalk, personId: PersonId, opened: readonly OpenedTemplate[]): void {
  for (const [recogniser, threshold] of walk.parts.thresholds) {
    const templates = opened.filter(({ row }) => row.recogniser === recogniser);
    const found = findDisagreement(
      templates.map(({ vector }) => vector),
      threshold,
    );
    if (found === undefined) continue;
    const named = found.photographs.flatMap(({ index, similarity }) => {
      const template = templates[index];
      if (template === undefined) return [];
      const { id: templateId, photographId } = template.row;
      return [{ templateId, ...(photographId === null ? {} : { photographId }), similarity }];
    });
    const { isWrongOneKnown } = found;
    walk.disagreeing.push({ personId, recogniser, threshold, isWrongOneKnown, templates: named });
  }
}

/** Compares a genuine row with the audit log: whether it is the newest and has all its templates. */
function compare(
  walk: VerifyWalk,
  { id, revision }: PersonCountsRow,
  trail: PersonTrail,
  templates: readonly TemplateRow[],
): void {
  // Reads new entries first, so that row and log are from the same moment.
  readToEnd(walk, trail);
  const known = trail.of(id);
  if (known === undefined) {
    if (trail.isComplete) walk.report({ table: 'person', rowId: id, personId: id, reason: 'not-in-audit' });
    return;
  }
  if (known.isErased) {
    walk.quarantine('person', id, id, 'erased');
    return;
  }
  if (revision < known.revision) {
    walk.quarantine('person', id, id, 'rolled-back');
    return;
  }
  const { recogniser } = walk.parts.gallery;
  const held = templates.filter((template) => template.recogniser === recogniser).length;
  if (held < known.leastTemplates) walk.report({ table: 'template', personId: id, reason: 'missing' });
}

function verifyOwner(walk: VerifyWalk, persons: PersonRows, id: PersonId): void {
  if (walk.readable(() => walk.rows.hasPerson(id)) !== false) return;
  const templates = walk.readable(() => persons.templatesOf(id));
  if (templates === 'damaged') return;
  for (const template of templates) walk.quarantine('template', template.id, id, 'of-nobody');
}

function verifyPresence(walk: VerifyWalk, trail: PersonTrail | undefined, id: string): void {
  if (trail === undefined) return;
  readToEnd(walk, trail);
  const known = trail.of(id);
  if (known === undefined || known.isErased) return;
  if (walk.readable(() => walk.rows.hasPerson(id)) === false) {
    walk.report({ table: 'person', rowId: id, personId: id, reason: 'missing' });
  }
}

function readToEnd(walk: VerifyWalk, trail: PersonTrail): void {
  let isMore = walk.readable(() => trail.readOn());
  while (isMore === true) isMore = walk.readable(() => trail.readOn());
}
