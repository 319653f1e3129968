import type { Actor } from '../audit/actor.js';
import type { NumberedFace } from '../domain/faces/photographed-faces.js';
import type { GivenConsent } from '../domain/persons/consent.js';
import type { GivenProfile, PersonProfile } from '../domain/persons/person-profile.js';

/** `removed`: no longer recognised, kept sealed until retention erases them; can be restored until then. */
export type PersonState = 'active' | 'removed';

/** One line about a person. Times are ISO 8601 in UTC. A name that does not open reads `(damaged)`. */
export interface PersonSummary {
  readonly id: string;
  readonly name: string;
  readonly externalId?: string;
  readonly state: PersonState;
  readonly enrolledAt: string;
  /** Absent while the person is active. */
  readonly removedAt?: string;
  readonly templates: number;
  readonly photographs: number;
}

/** A person with everything but pictures and templates themselves. */
export interface PersonDetail extends PersonSummary, PersonProfile {
  readonly photographIds: readonly string[];
}

/** The face that was taken of a photograph with several. */
export interface TakenFace {
  readonly face: NumberedFace;
  /** Faces in the photograph, this one included. */
  readonly faceCount: number;
}

/** What happened to one photograph offered at enrolment. */
export type PhotographResult =
  | {
      readonly outcome: 'enrolled';
      readonly qualityScore: number;
      /** Which face was taken; absent where there is one alone. */
      readonly taken?: TakenFace;
    }
  | {
      readonly outcome: 'refused';
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
      /** Where one of several faces has to be picked, from left to right. */
      readonly faces?: readonly NumberedFace[] | undefined;
    };

/** An enrolled person, or one staged in the same import, whom the new one resembles. */
export interface Resemblance {
  readonly personId: string;
  readonly name: string;
  readonly similarity: number;
}

/** A warning, not a refusal. The closest first; absent where the new person resembles nobody. */
export interface EnrolmentWarning {
  readonly resembles?: readonly Resemblance[];
}

/** Why somebody is not enrolled; nothing was stored. */
export type EnrolmentRefusal =
  /** One photograph or more cannot be used, or shows another person than the others (`different-person`). */
  | { readonly outcome: 'refused'; readonly photographs: readonly PhotographResult[] }
  /** The face resembles somebody enrolled, or staged in the same import. */
  | {
      readonly outcome: 'similar';
      readonly personId: string;
      readonly name: string;
      readonly similarity: number;
    }
  /** Somebody, active or removed or staged in the same import, has that external id. */
  | { readonly outcome: 'external-id-taken'; readonly personId: string };

export type EnrolmentResult =
  | ({
      readonly outcome: 'enrolled';
      readonly person: PersonSummary;
      readonly photographs: readonly PhotographResult[];
    } & EnrolmentWarning)
  /** What a dry run says of what would be enrolled. */
  | ({ readonly outcome: 'enrollable'; readonly photographs: readonly PhotographResult[] } & EnrolmentWarning)
  | EnrolmentRefusal;

export interface EnrolmentRequest extends GivenProfile {
  /** Files as a camera made them: JPEG, PNG, …; 1 to 20. */
  readonly photographs: readonly Buffer[];
  /** Of one photograph with several faces, the one to take: from 1, from left to right. Absent: the one that it is of. */
  readonly faceNumber?: number | undefined;
  /** Enrols although the face resembles somebody already enrolled. */
  readonly isDuplicateAllowed: boolean;
  /** Does everything but storing. Of no meaning in an import, which is dry when it is abandoned. */
  readonly isDryRun: boolean;
}

/** What is to change; what is absent stays, what is null goes. */
export interface ProfileChange {
  readonly name?: string | undefined;
  readonly externalId?: string | null | undefined;
  readonly notes?: string | null | undefined;
  readonly consent?: GivenConsent | null | undefined;
  /** A threshold of this person's own, instead of the one that calibration finds; null: as calibration finds it. */
  readonly threshold?: GivenThreshold | null | undefined;
}

export interface GivenThreshold {
  /** Cosine, -1..1; at least the threshold of the box. */
  readonly similarity: number;
  readonly reason: string;
}

export type UpdateResult =
  | { readonly outcome: 'updated'; readonly person: PersonDetail }
  | { readonly outcome: 'external-id-taken'; readonly personId: string }
  | { readonly outcome: 'no-such-person' };

export type RemoveResult =
  | { readonly outcome: 'removed' }
  /** Since `removedAt`, ISO 8601 in UTC. `canBeRestored`: unless they withdrew their consent. */
  | { readonly outcome: 'already-removed'; readonly removedAt: string; readonly canBeRestored: boolean }
  | { readonly outcome: 'no-such-person' };

export type RestoreResult =
  | { readonly outcome: 'restored'; readonly person: PersonDetail }
  /** Their consent was withdrawn: there is nothing left to recognise them by. */
  | { readonly outcome: 'consent-withdrawn' }
  | { readonly outcome: 'not-removed' }
  | { readonly outcome: 'no-such-person' };

/** How many of each were erased. */
export interface ErasedCounts {
  readonly templates: number;
  readonly photographs: number;
  readonly evidence: number;
}

/** Proof of an erasure, without personal data. */
export interface ErasureCertificate {
  readonly personId: string;
  /** `person`: nothing is left. `biometric-data`: a withdrawal of consent; the profile is left. */
  readonly scope: 'person' | 'biometric-data';
  /** ISO 8601 in UTC. */
  readonly erasedAt: string;
  /** Who did it, as the audit log names them. */
  readonly by: string;
  /** Place and hash of the audit entry of the erasure. */
  readonly auditSequence: number;
  readonly auditHash: string;
  readonly what: ErasedCounts;
}

/** A picture held on a person. */
export interface HeldPicture {
  readonly id: string;
  /** When it was stored, ISO 8601 in UTC. */
  readonly storedAt: string;
  readonly jpeg: Buffer;
}

/** A thumbnail kept with an event. */
export interface HeldEvidence extends HeldPicture {
  /** The event it belongs to. */
  readonly eventId: string;
  readonly cameraId: string;
}

/** A template: values of an embedding as little-endian float32. Only comparable under the same recogniser. */
export interface HeldTemplate {
  readonly id: string;
  readonly recogniser: string;
  readonly quality: number;
  readonly vectorBase64: string;
}

/** What somebody in charge put right about a day of the person. */
export interface HeldCorrection {
  /** The day it is about, `YYYY-MM-DD`, and what was corrected of it. */
  readonly date: string;
  readonly kind: string;
  /** The time that was put in, where there is one. */
  readonly at: string | null;
  readonly reason: string;
  readonly by: string;
  readonly recordedAt: string;
}

/** An audit entry about the person; `action` and `details` as the audit log has them. */
export interface HeldAuditEntry {
  readonly sequence: number;
  readonly at: string;
  readonly action: string;
  readonly actor: string;
  readonly origin: string;
  readonly details?: unknown;
}

/**
 * Everything held on one person. Templates are in it themselves, not only their count: a template is personal data, and
 * GDPR Art. 15(3) gives the person a copy of the data, not a description of it (Court of Justice of the European Union,
 * C-487/21). They disclose nothing that the photographs beside them do not.
 */
export interface PersonRecord {
  readonly person: PersonDetail;
  readonly templates: readonly HeldTemplate[];
  readonly photographs: readonly HeldPicture[];
  readonly evidence: readonly HeldEvidence[];
  /** Events that name the person, as they were published, oldest first. */
  readonly events: readonly unknown[];
  /** Of the person's attendance, oldest first. */
  readonly corrections: readonly HeldCorrection[];
  readonly audit: readonly HeldAuditEntry[];
}

/**
 * `everything`: for the person themselves. `enrolment`: profile and photographs, what an import needs to enrol them
 * again; the other lists are empty.
 */
export type ExportScope = 'everything' | 'enrolment';

/** What became of one row of an import: staged, or refused with nothing kept of it. */
export type StagedRow =
  | ({ readonly outcome: 'accepted'; readonly photographs: readonly PhotographResult[] } & EnrolmentWarning)
  | EnrolmentRefusal;

/**
 * What can be asked about persons. Expected outcomes are in the answers, and where there is no such person, undefined
 * or false; profiles that cannot be stored throw `profile-refused` (input), a sealed gallery `gallery-sealed`.
 *
 * Whoever changes or reads anything is written into the audit log as `actor`.
 */
export interface PersonControl {
  add(request: EnrolmentRequest, actor: Actor): Promise<EnrolmentResult>;
  /** In order of enrolment; without those removed unless they are asked for. */
  list(options: { readonly isRemovedIncluded: boolean }, actor: Actor): Promise<readonly PersonSummary[]>;
  show(id: string, actor: Actor): Promise<PersonDetail | undefined>;
  /** A withdrawn consent can be replaced by a new one; it does not bring templates back. */
  update(id: string, change: ProfileChange, actor: Actor): Promise<UpdateResult>;
  /** No longer recognised from now on. */
  remove(id: string, actor: Actor): Promise<RemoveResult>;
  restore(id: string, actor: Actor): Promise<RestoreResult>;
  /** Deletes the rows and the data key of an active or removed person. Nothing brings them back. */
  erase(id: string, actor: Actor): Promise<ErasureCertificate | undefined>;
  /**
   * Records that consent was withdrawn today, erases templates, photographs and evidence at once, and removes the person
   * without a way back. The profile is left, as proof of consent and withdrawal, until retention or `erase` takes it.
   */
  withdrawConsent(id: string, actor: Actor): Promise<ErasureCertificate | undefined>;
  exportPerson(id: string, scope: ExportScope, actor: Actor): Promise<PersonRecord | undefined>;
  readPhotograph(id: string, photographId: string, actor: Actor): Promise<Buffer | undefined>;

  /** Begins an import. Rows staged are neither recognised nor listed until it is committed. */
  beginImport(actor: Actor): Promise<string>;
  /** One row. @throws `no-such-import` (input) where it was committed or abandoned. */
  stage(importId: string, row: EnrolmentRequest, actor: Actor): Promise<StagedRow>;
  /** Enrols every accepted row in one transaction. @throws `no-such-import` */
  commitImport(importId: string, actor: Actor): Promise<{ readonly personIds: readonly string[] }>;
  /** Forgets what was staged; false where the import is not under way. A start of the daemon does so with all. */
  abandonImport(importId: string, actor: Actor): Promise<boolean>;
}
