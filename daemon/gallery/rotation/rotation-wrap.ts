import { wipe } from '../../host/sodium.js';
import type { DataKeyRow, KeyRing } from '../keys/key-ring.js';
import type { RotationRows } from './rotation-rows.js';

const nothing = new Uint8Array(0);

/**
 * Wraps a data key by the current key-encryption key; false where it does not open. Such a one is taken out of the file:
 * nobody can use it any more, and with its damage undone it would still be a door for the old key.
 */
export function rewrap(rows: RotationRows, ring: KeyRing, row: DataKeyRow): boolean {
  const key = ring.unwrap(row);
  if (key === undefined) {
    rows.rewrap({ id: row.id, kekId: ring.current.id, wrapped: nothing });
    return false;
  }
  rows.rewrap(ring.wrap(key));
  wipe(key.bytes);
  return true;
}
