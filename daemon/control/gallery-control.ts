import type { Actor } from '../audit/actor.js';
import type { AuditVerdict } from '../audit/audit-verdict.js';
import type { ThresholdReason } from '../domain/identification/calibration.js';
import type { ReEmbedState } from '../gallery/re-embedding/re-embed-progress.js';
import type { QuarantinedRow } from '../gallery/verify/quarantine.js';
import type {
  DisagreeingPerson,
  VerifyCounts,
  VerifyFinding,
  VerifyProgress,
} from '../gallery/verify/verify-report.js';
import type { KeyProblem, KeySlotStatus, RotationStatus } from './key-control.js';

/** A move to another recogniser under way, or the latest one since the gallery was opened. */
export interface ReEmbedStatus {
  readonly from: string;
  readonly to: string;
  /** What `to` is called in the configuration (`vision.recogniser`). */
  readonly recogniserName: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly state: ReEmbedState;
  readonly acceptsMissing: boolean;
  /** Photographs: all of them, those with a template, and those that the new recogniser makes none of. */
  readonly total: number;
  readonly made: number;
  readonly refused: number;
  /** Ids of persons who would not be recognised after the move; known once everything was tried. */
  readonly missing: readonly string[];
  /** Why it waits or failed. */
  readonly problem?: KeyProblem;
}

/** What the last `gallery verify` found, as the audit log tells. */
export interface LastVerification {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly damaged: number;
  /** Persons whose templates did not agree with each other. */
  readonly disagreeing: number;
  /** Messages of SQLite about pages. */
  readonly pages: number;
  /** Outcome for the audit log. */
  readonly audit: string;
}

/** What the gallery holds. All but `quarantined` and `reEmbedding` are known while it is sealed, too. */
export interface GalleryStatus {
  readonly state: 'open' | 'sealed';
  /** Why it is sealed. */
  readonly reason?: KeyProblem;
  /** Absent while there is no file that can be read. */
  readonly contents?: {
    readonly schemaVersion: number;
    /** With the write-ahead log. */
    readonly fileBytes: number;
    /** What recognises; absent in a gallery that has no key yet. */
    readonly recogniser?: string;
    readonly persons: { readonly active: number; readonly removed: number; readonly staged: number };
    readonly templates: readonly { readonly recogniser: string; readonly count: number }[];
    readonly photographs: number;
    readonly evidence: { readonly attendance: number; readonly unknown: number; readonly attack: number };
  };
  readonly keys: readonly KeySlotStatus[];
  /** Rows found damaged since the gallery was opened. */
  readonly quarantined: readonly QuarantinedRow[];
  readonly rotation?: RotationStatus;
  readonly reEmbedding?: ReEmbedStatus;
  /** How far the verification under way is. */
  readonly verification?: VerifyProgress;
  /** Absent where it was never verified, as far as the audit log goes back. */
  readonly lastVerification?: LastVerification;
}

export interface GalleryVerification {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly checked: VerifyCounts;
  readonly findings: readonly VerifyFinding[];
  /** Persons who may have been enrolled from photographs of different people. */
  readonly disagreeing: readonly DisagreeingPerson[];
  /** What SQLite says about the pages of the file. */
  readonly pages: readonly string[];
  /** Absent where damage keeps the log from being read. */
  readonly audit?: AuditVerdict;
  /** Nothing is damaged or missing. Says nothing about `disagreeing`. */
  readonly isWhole: boolean;
}

/** Another person, and what their references reach in comparison with this one. */
export interface NearPerson {
  readonly personId: string;
  readonly name: string;
  /** The mean over their references. */
  readonly similarity: number;
  /** The nearest of them. */
  readonly highest: number;
}

/** The threshold of one person, and why it is what it is. */
export interface CalibratedPerson {
  readonly personId: string;
  readonly name: string;
  readonly references: number;
  /** Cosine from which a face counts as this person. */
  readonly threshold: number;
  readonly reason: ThresholdReason;
  /** Why somebody set it; only with the reason `manual`. */
  readonly note?: string;
  /** Share of strangers expected to be taken for this person, 0..1; absent where too few others are enrolled to say. */
  readonly fmr?: number;
  /** Share of this person's own passages expected to be missed, 0..1; absent where no person has two references. */
  readonly fnmr?: number;
  /** The three nearest other persons, nearest first. */
  readonly neighbours: readonly NearPerson[];
}

/** Two persons: a reference of one reaches the threshold of the box in comparison with the other. */
export interface AlikePair {
  readonly a: { readonly personId: string; readonly name: string };
  readonly b: { readonly personId: string; readonly name: string };
  readonly similarity: number;
  /** False: the recogniser cannot tell them apart, whatever the threshold. */
  readonly isSeparable: boolean;
}

export interface GalleryCalibrationReport {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly recogniser: string;
  /** The threshold of the box: no person has a lower one. */
  readonly floor: number;
  readonly margin: number;
  /** `identification.targetFpir`; absent where none is configured. */
  readonly targetFpir?: number;
  /** Share of strangers expected to be taken for somebody; absent where too few are enrolled to say. */
  readonly expectedFpir?: number;
  /** In order of enrolment. */
  readonly persons: readonly CalibratedPerson[];
  /** Most alike first. */
  readonly alike: readonly AlikePair[];
}

export interface ReEmbedRequest {
  /** What the new recogniser is called in the configuration. */
  readonly to: string;
  readonly acceptsMissing: boolean;
}

/** What can be asked about the gallery as a whole. */
export interface GalleryControl {
  status(): GalleryStatus;
  /** Opens every field and names what is damaged. @throws `gallery-sealed`, `verify-running`, `verify-failed` */
  verify(by: Actor): Promise<GalleryVerification>;
  /** Looks at everybody anew, finds the threshold of each person and puts it in force. @throws `gallery-sealed`, `gallery-closed` */
  calibrate(by: Actor): Promise<GalleryCalibrationReport>;
  /**
   * Begins a move to another recogniser, which goes on in the background, or goes on with one.
   * @throws `gallery-sealed`, `unknown-recogniser`, `re-embed-same`, `re-embed-running`, and what keeps it from being opened
   */
  reEmbed(request: ReEmbedRequest, by: Actor): Promise<ReEmbedStatus>;
  /** Deletes what was made for a move. @throws `gallery-sealed`, `no-re-embedding` */
  cancelReEmbed(by: Actor): Promise<ReEmbedStatus>;
}
