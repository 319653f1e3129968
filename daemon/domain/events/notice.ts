import type { CameraId, PersonId } from '../ids.js';

interface HappenedAt {
  /** Wall clock, milliseconds since the epoch. */
  readonly occurredAtMs: number;
}

/** Somebody came into the gallery or left it. */
export interface PersonNotice extends HappenedAt {
  readonly kind: 'person';
  readonly change: 'enrolled' | 'removed' | 'restored' | 'erased';
  readonly personId: PersonId;
}

/** What a camera delivers has changed. */
export interface CameraNotice extends HappenedAt {
  readonly kind: 'camera';
  readonly cameraId: CameraId;
  readonly state: 'streaming' | 'failed' | 'disabled';
  /** Why it failed: the code of an error. */
  readonly code?: string;
  /** Of `streaming`: why its pictures are of no use. */
  readonly damage?: string;
}

/** The gallery as a whole has changed. */
export interface GalleryNotice extends HappenedAt {
  readonly kind: 'gallery';
  readonly change: 'opened' | 'sealed' | 'key-rotated' | 'restored' | 're-embedded';
  /** Why it is sealed: the code of an error. */
  readonly code?: string;
}

/** What can be the matter with a box. */
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
  'vision-misbehaving',
  'recogniser-unfit',
] as const;
/** `running` is the one that should be. */
export const boxConditions = ['running', ...boxTroubles] as const;

export type BoxCondition = (typeof boxConditions)[number];

/** A condition of the box began, became another, or ended. */
export interface BoxNotice extends HappenedAt {
  readonly kind: 'box';
  readonly condition: BoxCondition;
  readonly isActive: boolean;
  /** Of one that had begun and still holds: whether something came to it, or something of it is over. */
  readonly change?: 'worsened' | 'eased';
  /** Everything that it is about now, in words of the program; where a condition can be about several things. */
  readonly about?: readonly string[];
  /** What is known about it: figures, codes and configured ids; never free text from outside. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** The head of the audit log: whoever keeps it can prove later that the log was not rewritten. */
export interface AuditNotice extends HappenedAt {
  readonly kind: 'audit';
  /** Number of the newest entry. */
  readonly entry: number;
  /** Its hash, which covers all before it; 64 hexadecimal digits. */
  readonly hash: string;
  readonly keyId: string;
}

/** One person's day as rules and corrections make it. */
export interface SummarisedDay {
  readonly personId: PersonId;
  readonly shift: string | null;
  readonly statuses: readonly string[];
  /** ISO 8601 in UTC; null where there was none. */
  readonly firstIn: string | null;
  readonly lastOut: string | null;
  readonly workedMin: number | null;
}

/** A day's attendance, when it is over. Large sites get it in several parts. */
export interface SummaryNotice extends HappenedAt {
  readonly kind: 'summary';
  /** `YYYY-MM-DD` where the site is. */
  readonly date: string;
  /** From 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
  /** Of the whole day: how many persons have each status. */
  readonly counts: Readonly<Record<string, number>>;
  /** Those of this part. */
  readonly persons: readonly SummarisedDay[];
}

/**
 * Why events of a gap are not delivered: they waited for too long, too many waited, or the records that held them are lost. Of
 * lost ones the kinds are not known: `counts` has them under `lost`, with numbers that were reserved and never used.
 */
export const gapReasons = ['too-old', 'too-many', 'lost'] as const;
export type GapReason = (typeof gapReasons)[number];

/** Events were given up before any broker, or the centre, had them: the one way in which something is not delivered. */
export interface GapNotice extends HappenedAt {
  readonly kind: 'gap';
  /** All of them lie within, between others that were delivered. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** How many of each kind. */
  readonly counts: Readonly<Record<string, number>>;
  readonly reason: GapReason;
}

/** The box signs with another key from now on. */
export interface IdentityNotice extends HappenedAt {
  readonly kind: 'identity';
  /** RFC 7638 thumbprints. */
  readonly keyId: string;
  readonly formerKeyId: string;
  /** Until when the former key is published. */
  readonly formerUntilMs: number;
}

/** What became of a command of the centre, or how far it is. */
export interface ReplyNotice extends HappenedAt {
  readonly kind: 'reply';
  /** The `jti` of the command: a UUID. */
  readonly commandId: string;
  readonly command: string;
  readonly outcome: 'progress' | 'done' | 'refused' | 'failed';
  /** Of `refused` and `failed`: the code of an error. */
  readonly code?: string;
  readonly message?: string;
  /** JSON; what it holds is the command's matter. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** Everything the box publishes that is not about somebody in front of a camera. */
export type Notice =
  | PersonNotice
  | CameraNotice
  | GalleryNotice
  | BoxNotice
  | AuditNotice
  | SummaryNotice
  | GapNotice
  | IdentityNotice
  | ReplyNotice;
