import { createHmac } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import {
  type MarkSeal,
  RecordsMark,
  type Reservation,
  type ReservationTrail,
} from '../../daemon/core/records/recovery/records-mark.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { present } from '../../daemon/kernel/present.js';
import { box } from './published-box.js';

/** Seals with a key of the test. */
export function sealWith(key: string): MarkSeal {
  const seal = (text: string): string => createHmac('sha256', key).update(text).digest('hex');
  return { seal, isGenuine: (text, given) => seal(text) === given };
}

/** Remembers reservations as the audit log of a box does. */
export function memoryTrail(): ReservationTrail & { readonly all: readonly Reservation[] } {
  const all: Reservation[] = [];
  return { all, last: () => all.at(-1), note: (reservation) => void all.push(reservation) };
}

export interface MarkedRecordsOptions {
  readonly folder: string;
  readonly trail?: ReservationTrail;
  readonly key?: string;
  readonly clock?: Clock;
  readonly onDamaged?: (error: Error) => void;
}

export const recordsPathIn = (folder: string): string => join(folder, 'data', 'records.db');
export const markPathIn = (folder: string): string => join(folder, 'keys', 'records-mark');

/** Removes records.db with its log. */
export function loseRecords(folder: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${recordsPathIn(folder)}${suffix}`, { force: true });
}

/** Opens the records and the mark of a box, and closes both in order. */
export function openMarkedRecords(options: MarkedRecordsOptions): RecordStores {
  const { folder, trail = memoryTrail(), key = 'a key', clock = systemClock, onDamaged } = options;
  const mark = RecordsMark.open({
    path: markPathIn(folder),
    seal: sealWith(key),
    trail,
    clock,
    logger: silentLogger,
  });
  const records = openRecordStores({
    path: recordsPathIn(folder),
    encode: (event) => encodeEvent(event, box, {}),
    clock,
    random: systemRandom,
    mark,
    ...present({ onDamaged }),
  });
  return {
    ...records,
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      mark[Symbol.dispose]();
    },
  };
}
