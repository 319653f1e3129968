import { boxData, cameraData } from '../../contract/events/notice-data.js';
import type { EventKind } from '../../kernel/events/event.js';
import { cameraId } from '../../kernel/ids.js';
import { type BlindPeriod, blindPeriodsOf, type SightChange } from '../../kernel/passages/blind-period.js';
import { present } from '../../kernel/present.js';
import type { Records } from '../records/records.js';
import type { StoredEvent } from '../records/stored-event.js';
import { dataOf } from './event-content.js';

/** Events of a kind that are read: those of a day and what was before it, where a camera does not fail every few minutes. */
const mostEvents = 500;
/** A lasting state of a camera is usually recorded this long after it began, at most. */
const latestRecordMs = 10 * 60_000;

type BlindRecords = Pick<Records, 'newestOf' | 'list'>;

/** When cameras could see nothing, as the events tell. Of earlier times than the oldest event, nothing is known. */
export function recordedBlindPeriods(
  records: BlindRecords,
  period: { readonly fromMs: number; readonly untilMs: number },
): readonly BlindPeriod[] {
  const changes = [
    ...eventsAround('camera', period.untilMs, records).flatMap((event) => cameraChange(event) ?? []),
    ...eventsAround('box', period.untilMs, records).flatMap((event) => boxChange(event, records) ?? []),
  ];
  return blindPeriodsOf(changes, period);
}

/** Events of a period and before it. Among the newest are those that were recorded late, such as after the disk was full. */
function eventsAround(kind: EventKind, untilMs: number, records: BlindRecords): readonly StoredEvent[] {
  const found = [
    ...records.newestOf(kind, mostEvents, untilMs + latestRecordMs),
    ...records.newestOf(kind, mostEvents),
  ];
  return [...new Map(found.map((event) => [event.sequence, event])).values()];
}

function cameraChange({ payload, occurredAtMs: atMs }: StoredEvent): SightChange | undefined {
  const found = cameraData.safeParse(dataOf(payload));
  if (!found.success) return undefined;
  const { camera, state, code, damage } = found.data;
  return { kind: 'camera', atMs, cameraId: cameraId(camera), state, ...present({ code, damage }) };
}

function boxChange(
  { payload, sequence, occurredAtMs: atMs }: StoredEvent,
  records: BlindRecords,
): SightChange | undefined {
  const found = boxData.safeParse(dataOf(payload));
  if (!found.success || found.data.condition !== 'running') return undefined;
  if (!found.data.active) return { kind: 'box-stopped', atMs };
  if (found.data.details['afterKill'] !== true) return { kind: 'box-started', atMs };
  const lastSignMs = records.list({ toSequence: sequence - 1, limit: 1 })[0]?.recordedAtMs;
  return { kind: 'box-started', atMs, ...present({ lastSignMs }) };
}
