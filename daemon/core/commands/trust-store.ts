import type { StatedSet } from '../../kernel/stated-set.js';
import { type KeptKey, keptKeyOf, keyGrant } from './grant-content.js';
import type { Grants } from './grants.js';

/** The keys of issuers whose commands the box executes. They are in the records, so they are readable while the gallery is sealed. */
export interface TrustStore {
  /** By issuer, then by time of addition. */
  list(): readonly KeptKey[];
  find(keyId: string): KeptKey | undefined;
  /**
   * False if the box trusts the key already. `alongside` writes the audit entry, with the state of all grants, in the same
   * transaction; it is called only if the key is added.
   */
  add(key: KeptKey, alongside: (state: StatedSet) => void): boolean;
  /** Removes all keys of an issuer, or one of them, and returns their number. `alongside` as above. */
  remove(
    issuerId: string,
    keyId: string | undefined,
    alongside: (count: number, state: StatedSet) => void,
  ): number;
}

export function trustStoreOf(grants: Grants, nowMs: () => number): TrustStore {
  const all = (): readonly KeptKey[] => grants.list('trusted-key').map(keptKeyOf);
  return {
    list: () => all().toSorted(inOrder),
    find(keyId) {
      const found = grants.find('trusted-key', keyId);
      return found && keptKeyOf(found);
    },
    add(key, alongside) {
      let isNew = false;
      const edit: Parameters<Grants['change']>[0] = (before) => {
        isNew = before.every(({ kind, id }) => kind !== 'trusted-key' || id !== key.keyId);
        return isNew ? [...before, keyGrant(key)] : undefined;
      };
      grants.change(edit, nowMs(), alongside);
      return isNew;
    },
    remove(issuerId, keyId, alongside) {
      const removed = new Set(
        all()
          .filter((key) => key.issuerId === issuerId && (keyId === undefined || key.keyId === keyId))
          .map((key) => key.keyId),
      );
      if (removed.size === 0) return 0;
      grants.change(
        (before) => before.filter(({ kind, id }) => kind !== 'trusted-key' || !removed.has(id)),
        nowMs(),
        (state) => alongside(removed.size, state),
      );
      return removed.size;
    },
  };
}

/** Grants are in the order of their ids, which those of the same issuer and time keep. */
function inOrder(a: KeptKey, b: KeptKey): number {
  const byIssuer = Number(a.issuerId > b.issuerId) - Number(a.issuerId < b.issuerId);
  return byIssuer || a.addedAtMs - b.addedAtMs;
}
