import type { Actor } from '../audit/actor.js';
import type { PublishedKey } from '../publish/contract/key-set-schema.js';

/** A key of the box, by what may be known of it. Times are ISO 8601 in UTC. */
export interface ShownBoxKey {
  /** RFC 7638 thumbprint: the `kid` of signatures. */
  readonly keyId: string;
  /** The beginning of the thumbprint, to be compared by eye or over the telephone. */
  readonly fingerprint: string;
  readonly since: string;
}

export interface ShownFormerKey extends ShownBoxKey {
  /** When it leaves the key set. */
  readonly until: string;
  /** Whether it endorses the key that followed it: centres that trust it follow by themselves. */
  readonly isEndorsing: boolean;
}

/** Who the box is to those who read its events. */
export interface ShownIdentity extends ShownBoxKey {
  readonly site: string;
  readonly box: string;
  /** The newest first. */
  readonly former: readonly ShownFormerKey[];
  /** A JWK set (RFC 7517) of all of them. */
  readonly jwks: { readonly keys: readonly PublishedKey[] };
  /** The key set as it is published: signed, with endorsements. */
  readonly keySet: string;
}

export interface RotatedIdentity extends ShownIdentity {
  readonly formerKeyId: string;
  /** What is left to be done by hand. */
  readonly note?: string;
}

/** What can be asked of the box's keys. None of it needs the gallery's key. */
export interface IdentityControl {
  show(): Promise<ShownIdentity>;
  /** Puts a new key in force, whatever was rotated before. @throws `box-key-next-missing` */
  rotate(by: Actor): Promise<RotatedIdentity>;
}
