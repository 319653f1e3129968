import type { Actor } from '../audit/actor.js';
import type { AttendanceStatus } from '../domain/attendance/attendance-day.js';
import type { CorrectionKind } from '../domain/attendance/attendance-day-correction.js';

/** Days at the site, `YYYY-MM-DD`, both included; of everybody, or of one person. */
export interface AttendanceQuery {
  readonly from: string;
  readonly to: string;
  readonly person?: string | undefined;
}

/**
 * One stay of a person on a day, or a day without one. Times are ISO 8601 with the difference of the site to UTC; minutes are
 * whole, rounded down.
 */
export interface AttendanceRow {
  /** Opaque. */
  readonly person: string;
  /** Absent while the gallery is sealed, and of somebody erased. */
  readonly name?: string;
  readonly date: string;
  /** Null on a day without a shift, and of an absence where there are several to choose from. */
  readonly shift: string | null;
  readonly shiftFrom: string | null;
  readonly shiftTo: string | null;
  readonly firstIn: string | null;
  readonly lastOut: string | null;
  readonly statuses: readonly AttendanceStatus[];
  readonly workedMin: number;
  /** Of a person who is present: worked until the report was made. Then it is not in `workedMin` yet. */
  readonly workedSoFarMin?: number;
  readonly breakMin: number;
  readonly awayMin: number;
  readonly earlyMin: number;
  readonly lateMin: number;
  readonly leftEarlyMin: number;
  readonly overtimeMin: number;
  readonly isCorrected: boolean;
}

/** A correction as it is shown. Times are ISO 8601 with the difference of the site to UTC. */
export interface ShownCorrection {
  /** Names it in the audit log, too. */
  readonly number: number;
  readonly person: string;
  readonly date: string;
  readonly kind: CorrectionKind;
  readonly at: string | null;
  /** Empty where the person was erased. */
  readonly reason: string;
  readonly by: string;
  readonly madeAt: string;
}

/** A passage that could be of either of two persons: in the rows of neither until a correction says whose it was. */
export interface AmbiguousPassageRow {
  /** `YYYY-MM-DD` at the site. */
  readonly date: string;
  /** ISO 8601 with the difference of the site to UTC. */
  readonly at: string;
  /** Configured id. */
  readonly camera: string;
  /** What passing this camera means. */
  readonly direction: 'in' | 'out' | 'both';
  /** Sequence of the event. */
  readonly event: number;
  /** The two, the nearer one first. `name` is absent while the gallery is sealed, and of somebody erased. */
  readonly candidates: readonly { readonly person: string; readonly name?: string }[];
  /** Whether the day of one of the two was corrected since. */
  readonly isCorrected: boolean;
}

/** A recognition without proof of life, on a day on which the person did not attend: "seen, not proven". */
export interface UnprovenSightingRow {
  /** Opaque. */
  readonly person: string;
  /** Absent while the gallery is sealed, and of somebody erased. */
  readonly name?: string;
  /** `YYYY-MM-DD` at the site. */
  readonly date: string;
  /** ISO 8601 with the difference of the site to UTC. */
  readonly at: string;
  /** Configured id. */
  readonly camera: string;
  /** What passing this camera means. */
  readonly direction: 'in' | 'out' | 'both';
  /** What was missing: `liveness.reason` of the event. */
  readonly reason: string;
  /** Sequence of the event. */
  readonly event: number;
  /** Whether the day of the person was corrected since. */
  readonly isCorrected: boolean;
}

/** What a report says before its rows. */
export interface AttendanceHead {
  readonly site: string;
  readonly timeZone: string;
  readonly madeAt: string;
  readonly from: string;
  readonly to: string;
  /** Records of earlier days were asked for, and are not kept any more. */
  readonly keptFrom?: string;
  readonly areNamesKnown: boolean;
  /** Whether the box knows who is enrolled: without that nobody is told absent. */
  readonly areAbsencesKnown: boolean;
  /** Passages of the period that could be of either of two persons, by time: the first 200. Absent where there are none. */
  readonly ambiguous?: readonly AmbiguousPassageRow[];
  /** Recognitions without proof of life on days without an attendance, by time: the first 200. Absent where there are none. */
  readonly seenNotProven?: readonly UnprovenSightingRow[];
  /** Of a report on one person: every correction of the period, in the order in which they were made. */
  readonly corrections?: readonly ShownCorrection[];
}

/** Made while it is read, so that a large one holds neither memory nor the event loop. */
export interface AttendanceReport {
  readonly head: AttendanceHead;
  /** By person, and of each by day; some at a time. */
  readonly rows: AsyncIterable<readonly AttendanceRow[]>;
}

export interface CorrectionRequest {
  readonly person: string;
  readonly date: string;
  readonly kind: CorrectionKind;
  /**
   * Of `in` and `out`: `08:05` by the clock of the site on that day, `06:10+1` on the day after, or a time with its
   * difference to UTC (`2026-10-25T02:30+01:00`).
   */
  readonly time?: string | undefined;
  readonly reason: string;
}

export interface CorrectionResult {
  readonly correction: ShownCorrection;
  /** The day as it is now. */
  readonly rows: readonly AttendanceRow[];
}

/** What the local API can ask of attendance. */
export interface AttendanceControl {
  /** Today at the site, and what began yesterday and is not over. */
  today(actor: Actor): Promise<AttendanceReport>;
  /** @throws `no-such-person`, `period-refused` */
  report(query: AttendanceQuery, actor: Actor): Promise<AttendanceReport>;
  /** @throws `no-such-person`, `correction-refused`, `no-such-time`, `ambiguous-time` */
  correct(request: CorrectionRequest, actor: Actor): Promise<CorrectionResult>;
}
