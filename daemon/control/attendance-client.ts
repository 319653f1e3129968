import { operational } from '../base/errors.js';
import type {
  AttendanceHead,
  AttendanceQuery,
  AttendanceRow,
  CorrectionRequest,
  CorrectionResult,
} from './attendance-control.js';

/** What the attendance commands need of a client. */
export interface AttendanceWire {
  json<T>(method: string, path: string, body?: Buffer): Promise<T>;
  bytes(method: string, path: string, body?: Buffer): Promise<Buffer>;
}

/** A report that arrived whole. */
export interface ReadReport {
  readonly head: AttendanceHead;
  readonly rows: readonly AttendanceRow[];
}

export async function readToday(wire: AttendanceWire): Promise<ReadReport> {
  return parseReport(await wire.bytes('GET', '/v1/attendance/today'));
}

export async function readAttendance(
  wire: AttendanceWire,
  { from, to, person }: AttendanceQuery,
): Promise<ReadReport> {
  const query = new URLSearchParams({ from, to, ...(person === undefined ? {} : { person }) });
  return parseReport(await wire.bytes('GET', `/v1/attendance?${query}`));
}

export function correctAttendance(
  wire: AttendanceWire,
  request: CorrectionRequest,
): Promise<CorrectionResult> {
  return wire.json('POST', '/v1/attendance/corrections', Buffer.from(JSON.stringify(request)));
}

/** @throws `report-cut-short` where the last line is not the one that every whole report ends with */
export function parseReport(answer: Buffer): ReadReport {
  const lines = answer.toString('utf8').trimEnd().split('\n');
  const last = lines.pop() ?? '';
  if (last !== '{"isWhole":true}' || lines.length === 0) {
    throw operational('report-cut-short', 'the report ended before it was whole', {
      remedy: 'try again; the log of rollcalld says why it could not be finished',
      retryable: true,
    });
  }
  const [head, ...rows] = lines.map((line) => JSON.parse(line) as unknown);
  return { head: head as AttendanceHead, rows: rows as readonly AttendanceRow[] };
}
