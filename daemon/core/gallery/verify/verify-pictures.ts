import { wipe } from '../../../host/sodium.js';
import type { FieldPlace } from '../field-place.js';
import type { DataKeyRow } from '../keys/key-ring.js';
import { places } from '../places.js';
import { openField } from '../sealing.js';
import type { VerifyWalk } from './verify-walk.js';

const nothing = new Uint8Array(0);

/** Opens every data key, and compares the keys in force with the key slots. */
export async function verifyKeys(walk: VerifyWalk): Promise<void> {
  const { ring, gallery } = walk.parts;
  for (const key of [ring.current, ring.retiring]) {
    if (key === undefined) continue;
    const slot = walk.readable(() => walk.rows.keySlot(key.id));
    const isSound =
      slot !== 'damaged' &&
      slot !== undefined &&
      key.hasCheckValue(slot.checkValue) &&
      key.unwrap(places.gallerySeal(key.id, gallery.recogniser), slot.seal) !== undefined;
    if (!isSound) walk.report({ table: 'key_slot', rowId: key.id, reason: 'does-not-open' });
  }
  await walk.each(
    'data_key',
    (previousId) => walk.rows.idsAfter('data_key', previousId),
    (id) => verifyDataKey(walk, id),
  );
}

/** If a key does not open, `verifyPersons` quarantines its person. */
function verifyDataKey(walk: VerifyWalk, id: string): void {
  const row = walk.readable(() => walk.rows.dataKey(id));
  if (row === undefined) return;
  if (row === 'damaged') {
    walk.report({ table: 'data_key', rowId: id, reason: 'page-damaged' });
    return;
  }
  walk.checked.dataKeys += 1;
  if (!row.isUsed) walk.report({ table: 'data_key', rowId: id, reason: 'of-nothing' });
  const isOpen = walk.parts.ring.using(row.key, () => true);
  if (isOpen !== true) walk.report({ table: 'data_key', rowId: id, reason: 'does-not-open' });
}

/** Opens every enrolment photograph. */
export function verifyPhotographs(walk: VerifyWalk): Promise<void> {
  return walk.each(
    'photograph',
    (previousId) => walk.rows.idsAfter('photograph', previousId),
    (id) => {
      const row = walk.readable(() => walk.rows.photograph(id));
      if (row === undefined) return;
      if (row === 'damaged') {
        walk.quarantine('photograph', id, null, 'page-damaged');
        return;
      }
      walk.checked.photographs += 1;
      if (!row.hasPerson) {
        walk.quarantine('photograph', id, row.personId, 'of-nobody');
        return;
      }
      const place = places.photographJpeg(row.personId, id);
      const reason = whyNotOpen(walk, row.dataKey, place, row.jpeg);
      if (reason !== undefined) walk.quarantine('photograph', id, row.personId, reason);
    },
  );
}

/** Opens every event picture. */
export function verifyEvidence(walk: VerifyWalk): Promise<void> {
  return walk.each(
    'evidence',
    (previousId) => walk.rows.idsAfter('evidence', previousId),
    (id) => {
      const row = walk.readable(() => walk.rows.evidence(id));
      if (row === undefined) return;
      if (row === 'damaged') {
        walk.quarantine('evidence', id, null, 'page-damaged');
        return;
      }
      walk.checked.evidence += 1;
      const place = places.evidenceJpeg(id, row.kind, row.eventId, row.personId);
      const isOrphan =
        row.personId !== null && walk.readable(() => walk.rows.hasPerson(row.personId ?? '')) === false;
      const reason = isOrphan ? 'of-nobody' : whyNotOpen(walk, row.dataKey, place, row.jpeg);
      if (reason !== undefined) walk.quarantine('evidence', id, row.personId, reason);
    },
  );
}

/** Opens every stranger. */
export function verifyStrangers(walk: VerifyWalk): Promise<void> {
  return walk.each(
    'stranger',
    (previousId) => walk.rows.idsAfter('stranger', previousId),
    (id) => {
      const row = walk.readable(() => walk.rows.stranger(id));
      if (row === undefined) return;
      if (row === 'damaged') {
        walk.quarantine('stranger', id, null, 'page-damaged');
        return;
      }
      walk.checked.strangers += 1;
      const reason = whyNotOpen(walk, row.dataKey, places.strangerContent(row), row.content);
      if (reason !== undefined) walk.quarantine('stranger', id, null, reason);
    },
  );
}

function whyNotOpen(
  walk: VerifyWalk,
  dataKey: DataKeyRow | undefined,
  place: FieldPlace,
  sealed: Uint8Array,
): 'does-not-open' | 'key-does-not-open' | undefined {
  walk.countBytes(sealed.length);
  if (dataKey === undefined) return 'key-does-not-open';
  const opened = walk.parts.ring.using(dataKey, (key) => openField(key, place, sealed) ?? nothing);
  if (opened === undefined) return 'key-does-not-open';
  if (opened.length === 0) return 'does-not-open';
  wipe(opened);
  return undefined;
}
