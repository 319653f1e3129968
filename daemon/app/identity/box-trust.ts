import type { NewAuditEntry } from '../../audit/audit-entry.js';
import type { Clock } from '../../base/clock.js';
import { badInput } from '../../base/errors.js';
import type { SetAsideTrust, ShownTrust, TrustControl } from '../../control/trust-control.js';
import { isoTime } from '../../domain/iso-time.js';
import type { CommandCounts } from '../../publish/commands/command-desk.js';
import { readIssuerKey } from '../../publish/commands/issuer-key.js';
import { trustedKey } from '../../publish/commands/kept-keys.js';
import type { KeptKey } from '../../records/commands/grant-content.js';
import type { SetAside } from '../../records/commands/grants.js';
import type { TrustStore } from '../../records/commands/trust-store.js';
import { type GrantWatch, stateDetail } from './grant-watch.js';

export interface BoxTrustParts {
  readonly store: TrustStore;
  readonly watch: Pick<GrantWatch, 'aside' | 'dismiss'>;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly counts: () => CommandCounts;
  readonly clock: Clock;
}

/** The trust store as the local API sees it. */
export function boxTrust({ store, watch, audit, counts, clock }: BoxTrustParts): TrustControl {
  return {
    list: () => ({
      keys: store.list().map((kept) => show(kept, clock.wallMs())),
      aside: watch.aside().map(showAside),
      commands: counts(),
    }),

    async add({ issuer, key, scopes, notAfterMs }, by) {
      const nowMs = clock.wallMs();
      if (notAfterMs !== undefined && notAfterMs <= nowMs) {
        throw badInput('issuer-key-expired', 'the key would not be trusted: its time is over', {
          remedy: 'give a later time, or check the clock of the box',
        });
      }
      const { keyId, algorithm, publicKey } = await readIssuerKey(key);
      const kept: KeptKey = {
        keyId,
        issuerId: issuer,
        algorithm,
        publicKey: JSON.stringify(publicKey),
        scopes: [...new Set(scopes)].join(' '),
        addedAtMs: nowMs,
        notAfterMs: notAfterMs ?? null,
      };
      const details = { keyId, algorithm, scopes: [...new Set(scopes)].join(',') };
      const isNew = store.add(kept, (state) =>
        audit({ by, action: 'trust.added', subject: issuer, details: { ...details, ...stateDetail(state) } }),
      );
      if (!isNew) throw known(keyId, store.find(keyId)?.issuerId ?? issuer);
      return show(kept, nowMs);
    },

    remove: (issuer, keyId, by) =>
      store.remove(issuer, keyId, (keys, state) => {
        const details = { keys, ...(keyId === undefined ? {} : { keyId }), ...stateDetail(state) };
        audit({ by, action: 'trust.removed', subject: issuer, details });
      }),

    dismiss: (by) => watch.dismiss(by),
  };
}

/** What was found may be anything: only what could be an id is shown. */
const idForm = /^[A-Za-z0-9_-]{1,64}$/;

function showAside({ reason, kind, id, atMs }: SetAside): SetAsideTrust {
  const shown = (text: string): string => (idForm.test(text) ? text : 'unreadable');
  return {
    reason,
    ...(kind === null ? {} : { kind: shown(kind) }),
    ...(id === null ? {} : { id: shown(id) }),
    at: isoTime(atMs),
  };
}

function show(kept: KeptKey, nowMs: number): ShownTrust {
  const { issuerId, keyId, algorithm, scopes, notAfterMs } = trustedKey(kept);
  return {
    issuer: issuerId,
    keyId,
    algorithm,
    scopes,
    addedAt: isoTime(kept.addedAtMs),
    ...(notAfterMs === undefined ? {} : { notAfter: isoTime(notAfterMs) }),
    isExpired: notAfterMs !== undefined && notAfterMs <= nowMs,
  };
}

function known(keyId: string, issuer: string) {
  return badInput('issuer-key-known', `the box trusts that key already, as one of "${issuer}"`, {
    remedy: `to change what it may do, remove it first: 'rollcall trust remove ${issuer} --key ${keyId}'`,
    details: { keyId, issuer },
  });
}
