import type { CommandScope } from '../../contract/command-scopes.js';
import type { Handlers } from '../../contract/handlers.js';
import type { SetAsideTrust, ShownTrust, TrustStatus, trustOperations } from '../../contract/trust.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { stateDetail } from '../../kernel/stated-set.js';
import { refusal } from '../../words/errors.js';
import { notFound } from '../api/not-found.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { CommandCounts } from './command-receiver.js';
import type { KeptKey } from './grant-content.js';
import type { GrantWatch } from './grant-watch.js';
import type { SetAside } from './grants.js';
import { readIssuerKey, trustedKey } from './issuer-keys.js';
import type { TrustStore } from './trust-store.js';

export interface TrustedIssuersOptions {
  readonly store: TrustStore;
  readonly watch: Pick<GrantWatch, 'aside' | 'dismiss'>;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly counts: () => CommandCounts;
  readonly clock: Clock;
}

export interface NewTrust {
  readonly issuer: string;
  /** A public key as a JWK or in PEM. */
  readonly key: string;
  readonly scopes: readonly CommandScope[];
  /** Wall clock, milliseconds since the epoch. */
  readonly notAfterMs?: number | undefined;
}

/** The operations on trusted issuers. */
export function trustHandlers(trust: TrustedIssuers): Handlers<typeof trustOperations> {
  return {
    'trust.list': () => trust.list(),
    'trust.add': (given, { caller }) => trust.add(given, caller),
    'trust.remove': ({ issuer, key }, { caller }) => {
      const removed = trust.remove(issuer, key, caller);
      if (removed > 0) return { removed };
      const list = 'rollcall trust list';
      throw key === undefined ? notFound('issuer', issuer, list) : notFound('key', key, list);
    },
    'trust.dismiss': (_, { caller }) => ({ dismissed: trust.dismiss(caller) }),
  };
}

/** The issuers whose commands the box executes. Every change is written to the audit log. */
export class TrustedIssuers {
  readonly #options: TrustedIssuersOptions;

  constructor(options: TrustedIssuersOptions) {
    this.#options = options;
  }

  list(): TrustStatus {
    const { store, watch, counts, clock } = this.#options;
    return {
      keys: store.list().map((kept) => show(kept, clock.wallMs())),
      aside: watch.aside().map(showAside),
      commands: counts(),
    };
  }

  /**
   * Adds a key to those of an issuer.
   * @throws `issuer-key-private`, `issuer-key-unreadable`, `issuer-key-unsupported`, `issuer-key-known`, `issuer-key-expired`
   */
  async add({ issuer, key, scopes, notAfterMs }: NewTrust, by: Actor): Promise<ShownTrust> {
    const { store, audit, clock } = this.#options;
    const nowMs = clock.wallMs();
    if (notAfterMs !== undefined && notAfterMs <= nowMs) throw expired();
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
    const details = { keyId, algorithm, scopes: [...new Set(scopes)] };
    const isNew = store.add(kept, (state) =>
      audit({ by, action: 'trust.added', subject: issuer, details: { ...details, ...stateDetail(state) } }),
    );
    if (!isNew) throw keyKnown(keyId, store.find(keyId)?.issuerId ?? issuer);
    return show(kept, nowMs);
  }

  /** Removes all keys of an issuer, or one. Waiting commands of a removed key are not executed. Returns the number of keys. */
  remove(issuer: string, keyId: string | undefined, by: Actor): number {
    const { store, audit } = this.#options;
    return store.remove(issuer, keyId, (keys, state) => {
      const details = { keys, ...present({ keyId }), ...stateDetail(state) };
      audit({ by, action: 'trust.removed', subject: issuer, details });
    });
  }

  /** Forgets what was set aside, after a person has checked it. Returns the number of entries. */
  dismiss(by: Actor): number {
    return this.#options.watch.dismiss(by);
  }
}

function expired() {
  return refusal('issuer-key-expired');
}

/** A forged row may hold any text, so only text in the form of an id is shown. */
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
    ...present({ notAfter: notAfterMs === undefined ? undefined : isoTime(notAfterMs) }),
    isExpired: notAfterMs !== undefined && notAfterMs <= nowMs,
  };
}

function keyKnown(keyId: string, issuer: string) {
  return refusal('issuer-key-known', { issuer, keyId }, { details: { keyId, issuer } });
}
