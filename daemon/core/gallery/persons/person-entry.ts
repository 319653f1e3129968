import type { PersonId } from '../../../kernel/ids.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import type { StoredPersonState } from '../places.js';

export interface PersonEntry {
  readonly id: PersonId;
  readonly state: StoredPersonState;
  /** Undefined if the row does not open; it is then in quarantine. */
  readonly profile: PersonProfile | undefined;
  /** Counts the changes of profile and state. */
  readonly revision: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly enrolledAtMs: number;
  /** Time of the latest change of profile or state: for a removed person, the time of the removal. */
  readonly changedAtMs: number;
  readonly templateCount: number;
  readonly photographCount: number;
  /** The stored photograph whose template has the best quality. */
  readonly bestPhotographId?: string;
  readonly evidenceCount: number;
}

export interface FullPersonEntry extends PersonEntry {
  readonly templates: readonly {
    readonly id: string;
    readonly recogniser: string;
    readonly quality: number;
    /** Null if retention has deleted the photograph. */
    readonly photographId: string | null;
    /** The photograph that it was made from, also after retention deleted it. Null where the box does not know it. */
    readonly madeFrom: string | null;
  }[];
  readonly photographs: readonly { readonly id: string; readonly addedAtMs: number }[];
}

/** A person with their name, from memory. */
export interface NamedPerson extends Pick<PersonEntry, 'id' | 'enrolledAtMs'> {
  readonly state: 'active' | 'removed';
  /** Undefined if the profile does not open. */
  readonly name: string | undefined;
}

/** A template in the clear: the values of an embedding as little-endian float32. */
export interface UnsealedTemplate {
  readonly id: string;
  readonly recogniser: string;
  readonly quality: number;
  /** As in `FullPersonEntry`. */
  readonly madeFrom: string | null;
  /** The caller wipes them. */
  readonly bytes: Uint8Array;
}
