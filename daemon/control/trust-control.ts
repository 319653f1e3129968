import type { Actor } from '../audit/actor.js';
import type { CommandCounts } from '../publish/commands/command-desk.js';
import type { CommandScope } from '../publish/contract/command-schema.js';

/** A key of an issuer whose commands the box executes. Times are ISO 8601 in UTC. */
export interface ShownTrust {
  readonly issuer: string;
  readonly keyId: string;
  readonly algorithm: string;
  readonly scopes: readonly CommandScope[];
  readonly addedAt: string;
  /** Absent: trusted for ever. */
  readonly notAfter?: string;
  readonly isExpired: boolean;
}

/** Something that the box found among what it trusts, and does not believe. */
export interface SetAsideTrust {
  /** A word of the program: `not-sealed`, `put-back`, … */
  readonly reason: string;
  /** `trusted-key` or `camera-switch`, as it was found. Absent where something is not there. */
  readonly kind?: string;
  /** Of the key or the camera, as it was found. */
  readonly id?: string;
  /** When it was found. */
  readonly at: string;
}

export interface TrustStatus {
  readonly keys: readonly ShownTrust[];
  readonly aside: readonly SetAsideTrust[];
  /** What came of commands since the start. */
  readonly commands: CommandCounts;
}

export interface NewTrust {
  readonly issuer: string;
  /** A public key as a JWK or in PEM. */
  readonly key: string;
  readonly scopes: readonly CommandScope[];
  /** Wall clock, milliseconds since the epoch. */
  readonly notAfterMs?: number | undefined;
}

/** Whom the box obeys. Every change is written into the audit log. */
export interface TrustControl {
  list(): TrustStatus;
  /**
   * Adds a key to those of an issuer.
   * @throws `issuer-key-private`, `issuer-key-unreadable`, `issuer-key-unsupported`, `issuer-key-known`, `issuer-key-expired`
   */
  add(trust: NewTrust, by: Actor): Promise<ShownTrust>;
  /** Forgets all keys of an issuer, or one; how many they were. What waits of theirs is not executed any more. */
  remove(issuer: string, keyId: string | undefined, by: Actor): number;
  /** A person has looked at what was set aside: it is forgotten. How many entries that were. */
  dismiss(by: Actor): number;
}
