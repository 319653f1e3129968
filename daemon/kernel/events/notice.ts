import type { NoticedCameraState } from '../camera-state.js';
import type { CameraId, PassageId, PersonId, RecogniserId, StrangerId } from '../ids.js';
import type { PassageOutcome } from '../passage-outcome.js';

interface HappenedAt {
  /** Wall clock, milliseconds since the epoch. */
  readonly occurredAtMs: number;
}

/** A person was added to the gallery or removed from it. */
export interface PersonNotice extends HappenedAt {
  readonly kind: 'person';
  readonly change: 'enrolled' | 'removed' | 'restored' | 'erased';
  readonly personId: PersonId;
}

/**
 * The ids of strangers have changed:
 * - `merged`: `strangerId` is the same person as `otherId`, whose id stays.
 * - `split`: some passages of `otherId` now belong to the new `strangerId`.
 * - `assigned`: the stranger is the enrolled `personId`.
 * - `ignored`, `noticed`: the box causes no more events about the stranger, or causes them again.
 * - `discarded`: the box no longer recognises the stranger, and permanently forgets them a few minutes later.
 * - `restored`: the stranger is recognised again; `discarded` or `assigned` was taken back.
 */
export interface StrangerNotice extends HappenedAt {
  readonly kind: 'stranger';
  readonly change: StrangerChange;
  readonly strangerId: StrangerId;
  readonly otherId?: StrangerId;
  readonly personId?: PersonId;
}

export const strangerChanges = [
  'merged',
  'split',
  'assigned',
  'ignored',
  'noticed',
  'discarded',
  'restored',
] as const;
type StrangerChange = (typeof strangerChanges)[number];

/** A stranger has stayed in sight for long, at one camera or at several. At most one for each stay. */
export interface LoiteringNotice extends HappenedAt {
  readonly kind: 'loitering';
  readonly strangerId: StrangerId;
  /** Where the stranger is now. */
  readonly cameraId: CameraId;
  readonly passageId: PassageId;
  /** The cameras of the stay, in the order of their first passage. */
  readonly cameraIds: readonly CameraId[];
  /** Wall clock, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/**
 * An operator says who a passage was, or that a person was missed. The last mark of a passage counts.
 */
export interface MarkNotice extends HappenedAt {
  readonly kind: 'mark';
  readonly cameraId: CameraId;
  /** When the person was there, wall clock, milliseconds since the epoch. */
  readonly seenAtMs: number;
  readonly was: NoticedMark;
  /** Who it was, if `was` is `person`. */
  readonly personId?: PersonId;
  /** What the box had decided; absent if there is no passage. */
  readonly decided?: MarkedDecision;
}

/** `nobody`: not a face, or a picture. */
export const markedAs = ['person', 'stranger', 'nobody'] as const;
export type MarkedAs = (typeof markedAs)[number];
/** `taken-back`: an earlier correction of the passage was undone. */
export const noticedMarks = [...markedAs, 'taken-back'] as const;
type NoticedMark = (typeof noticedMarks)[number];

export interface MarkedDecision {
  readonly passageId: PassageId;
  readonly outcome: PassageOutcome;
  /** The person whom the box had recognised, and how similar the face was. */
  readonly personId?: PersonId;
  readonly similarity?: number;
  readonly recogniser: RecogniserId;
}

/** The state of a camera has changed. */
export interface CameraNotice extends HappenedAt {
  readonly kind: 'camera';
  readonly cameraId: CameraId;
  readonly state: NoticedCameraState;
  /** For `failed`: the code of the error. */
  readonly code?: string;
  /** For `streaming`: why its pictures cannot be used. */
  readonly damage?: string;
}

export const galleryChanges = ['opened', 'sealed', 'key-rotated', 'restored', 're-embedded'] as const;

/** The whole gallery has changed. */
export interface GalleryNotice extends HappenedAt {
  readonly kind: 'gallery';
  readonly change: (typeof galleryChanges)[number];
  /** For `sealed`: the code of the error. */
  readonly code?: string;
}

/** Conditions that are problems of a box. */
export const boxTroubles = [
  'disk-low',
  'records-lost',
  'key-damaged',
  'certificate-expiring',
  'commands-refused',
  'client-id-contested',
  'topic-refused',
  'clock-jumped',
  'trust-altered',
  'accounts-altered',
  'records-altered',
  'configuration-refused',
  'files-unusable',
  'vision-misbehaving',
  'recogniser-unfit',
  'gallery-unfit',
  'logins-failing',
  'intrusion-suspected',
  'isolation-weakened',
  'overloaded',
  'backup-overdue',
  'hardware-failing',
] as const;
/** All conditions; `running` is the normal one. */
export const boxConditions = ['running', ...boxTroubles] as const;

export type BoxCondition = (typeof boxConditions)[number];

/** A condition of the box began, changed or ended. */
export interface BoxNotice extends HappenedAt {
  readonly kind: 'box';
  readonly condition: BoxCondition;
  readonly isActive: boolean;
  /** For an active condition that changed: an item was added, or items are over. */
  readonly change?: 'worsened' | 'eased';
  /** The current items of the condition, as codes of this program; absent for conditions without items. */
  readonly about?: readonly string[];
  /** Details: figures, codes and configured ids; never free text from outside. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** The head of the audit log. A centre that keeps it can prove later that the log was not rewritten. */
interface AuditNotice extends HappenedAt {
  readonly kind: 'audit';
  /** Number of the newest entry. */
  readonly entry: number;
  /** Hash of the newest entry, which covers all earlier ones; 64 hexadecimal digits. */
  readonly hash: string;
  readonly keyId: string;
}

/** A day of one person after rules and corrections. */
export interface SummarisedDay {
  readonly personId: PersonId;
  readonly shift: string | null;
  readonly statuses: readonly string[];
  /** ISO 8601 in UTC; null if missing. */
  readonly firstIn: string | null;
  readonly lastOut: string | null;
  readonly workedMin: number | null;
}

/** The attendance of a day, after its end. Large sites get it in several parts. */
export interface SummaryNotice extends HappenedAt {
  readonly kind: 'summary';
  /** The local date, `YYYY-MM-DD`. */
  readonly date: string;
  /** From 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
  /** Number of persons with each status, for the whole day. */
  readonly counts: Readonly<Record<string, number>>;
  /** The persons of this part. */
  readonly persons: readonly SummarisedDay[];
}

/**
 * Why the events of a gap are not delivered: they waited too long, too many waited, the records were lost, or this box has
 * replaced another one from its backup. The kinds of lost events are unknown: `counts` has them under `lost`, together with reserved
 * numbers that were never used.
 */
export const gapReasons = ['too-old', 'too-many', 'lost', 'replaced'] as const;
type GapReason = (typeof gapReasons)[number];

/** Events were given up before a broker (or the centre) received them. Only this way are events not delivered. */
export interface GapNotice extends HappenedAt {
  readonly kind: 'gap';
  /** The range that contains all of them; other events in it were delivered. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Number of events of each kind. */
  readonly counts: Readonly<Record<string, number>>;
  readonly reason: GapReason;
}

/** The box signs with a new key from now on. */
interface IdentityNotice extends HappenedAt {
  readonly kind: 'identity';
  /** RFC 7638 thumbprints. */
  readonly keyId: string;
  readonly formerKeyId: string;
  /** The time until which the former key is published. */
  readonly formerUntilMs: number;
}

export const replyOutcomes = ['progress', 'done', 'refused', 'failed'] as const;

/** The result or the progress of a command of the centre. */
export interface ReplyNotice extends HappenedAt {
  readonly kind: 'reply';
  /** The `jti` of the command: a UUID. */
  readonly commandId: string;
  readonly command: string;
  readonly outcome: (typeof replyOutcomes)[number];
  /** For `refused` and `failed`: the code of the error. */
  readonly code?: string;
  readonly message?: string;
  /** JSON; each command defines its content. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** All events that are not about a person in front of a camera. */
export type Notice =
  | PersonNotice
  | StrangerNotice
  | LoiteringNotice
  | MarkNotice
  | CameraNotice
  | GalleryNotice
  | BoxNotice
  | AuditNotice
  | SummaryNotice
  | GapNotice
  | IdentityNotice
  | ReplyNotice;
