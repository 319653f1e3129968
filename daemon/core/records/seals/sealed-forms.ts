import type { TableForm } from '../../../host/table-form.js';
import type { CorrectionKind } from '../../../kernel/attendance/attendance-day-correction.js';
import type { EventKind } from '../../../kernel/events/event.js';
import type { CameraId, EventId, PersonId, TrackId } from '../../../kernel/ids.js';

/** The row of an event: everything that it says. */
export interface EventRow {
  readonly sequence: number;
  readonly id: EventId;
  readonly kind: EventKind;
  readonly cameraId: CameraId | null;
  readonly trackId: TrackId | null;
  readonly personId: PersonId | null;
  readonly commandId: string | null;
  readonly occurredAtMs: number;
  readonly recordedAtMs: number;
  readonly payload: Uint8Array;
}

/** The seals depend on the order of the columns: a new one goes to the end, and its migration seals all rows again. */
export const eventForm: TableForm<EventRow> = {
  name: 'event',
  key: 'sequence',
  columns: {
    sequence: 'sequence',
    id: 'id',
    kind: 'kind',
    cameraId: 'camera_id',
    trackId: 'track_id',
    personId: 'person_id',
    commandId: 'command_id',
    occurredAtMs: 'occurred_at_ms',
    recordedAtMs: 'recorded_at_ms',
    payload: 'payload',
  },
};

/** The row of a correction of attendance. */
export interface CorrectionRow {
  readonly sequence: number;
  readonly personId: PersonId;
  readonly date: string;
  readonly kind: CorrectionKind;
  readonly atMs: number | null;
  readonly cameraId: CameraId | null;
  readonly reason: string;
  readonly by: string;
  readonly recordedAtMs: number;
}

export const correctionForm: TableForm<CorrectionRow> = {
  name: 'attendance_correction',
  key: 'sequence',
  columns: {
    sequence: 'sequence',
    personId: 'person_id',
    date: 'date',
    kind: 'kind',
    atMs: 'at_ms',
    cameraId: 'camera_id',
    reason: 'reason',
    by: 'made_by',
    recordedAtMs: 'recorded_at_ms',
  },
};
