import { setImmediate as nextTurn } from 'node:timers/promises';
import { boxData, cameraData } from '../../contract/events/notice-data.js';
import { cameraId } from '../../kernel/ids.js';
import { type BlindPeriod, blindPeriodsOf, type SightChange } from '../../kernel/passages/blind-period.js';
import { present } from '../../kernel/present.js';
import type { Records } from '../records/records.js';
import type { StoredEvent } from '../records/stored-event.js';
import { dataOf } from './event-content.js';
import type { PassageJournal } from './passage-journal.js';

/** Events that one query reads: a few milliseconds. A camera that comes and goes has thousands in a day. */
const batchSize = 200;

type BlindRecords = Pick<Records, 'sightChanges' | 'withSequences' | 'list'> & {
  readonly passages: Pick<PassageJournal, 'lastSeenMs'>;
};

/**
 * When cameras could see nothing, as the events tell. Retention keeps the last change of each camera, so what still goes on is known
 * however old it is. Of other times before the oldest event, nothing is known. Other work gets its turn between batches.
 */
export async function recordedBlindPeriods(
  records: BlindRecords,
  period: { readonly fromMs: number; readonly untilMs: number },
): Promise<readonly BlindPeriod[]> {
  const sequences = records.sightChanges(period);
  const changes: SightChange[] = [];
  for (let next = 0; next < sequences.length; next += batchSize) {
    if (next > 0) await nextTurn();
    for (const event of records.withSequences(sequences.slice(next, next + batchSize))) {
      const change = event.kind === 'camera' ? cameraChange(event) : boxChange(event, records);
      if (change !== undefined) changes.push(change);
    }
  }
  return blindPeriodsOf(changes, period);
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
  const eventMs = records.list({ toSequence: sequence - 1, limit: 1 })[0]?.recordedAtMs;
  const signs = [eventMs, records.passages.lastSeenMs(atMs)].filter((sign) => sign !== undefined);
  return { kind: 'box-started', atMs, ...(signs.length > 0 && { lastSignMs: Math.max(...signs) }) };
}
