import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { RecordedEvent } from '../../daemon/kernel/events/event.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { temporaryDirectory } from './gallery-fixture.js';
import { box } from './published-box.js';

export const sourceEpochMs = Date.UTC(2026, 2, 2, 7, 0, 0);

/** Real records under a clock of the test, which can be closed, opened again and made to fail all writes. */
export interface SourceRecords {
  readonly clock: VirtualClock;
  readonly path: string;
  /** The open records. */
  records: RecordStores;
  isDiskFull: boolean;
  /** Closes and opens the records again, like a kill and a start. */
  restart(): Promise<RecordStores>;
  /** All events, in order. */
  events(): readonly RecordedPayload[];
}

export interface RecordedPayload {
  readonly sequence: number;
  readonly kind: string;
  readonly type: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function openSourceRecords(context: TestContext): SourceRecords {
  const path = join(temporaryDirectory(context), 'records.db');
  const clock = new VirtualClock(sourceEpochMs);
  const open = (): RecordStores =>
    openRecordStores({
      path,
      clock,
      random: systemRandom,
      encode(event: RecordedEvent) {
        if (source.isDiskFull) throw operational('disk-full', 'the disk is full');
        return encodeEvent(event, box, {});
      },
    });
  const source: SourceRecords = {
    clock,
    path,
    isDiskFull: false,
    get records() {
      return current;
    },
    set records(next) {
      current = next;
    },
    async restart() {
      await current[Symbol.asyncDispose]();
      current = open();
      return current;
    },
    events: () =>
      current.list({ limit: 100_000 }).map(({ sequence, kind, payload }) => {
        const { type, time, data } = JSON.parse(new TextDecoder().decode(payload)) as Omit<
          RecordedPayload,
          'sequence' | 'kind'
        >;
        return { sequence, kind, type, time, data };
      }),
  };
  let current = open();
  context.after(() => current[Symbol.asyncDispose]());
  return source;
}

/** The begins and ends of conditions, as `begin disk-low`, in order. */
export function conditionLines(events: readonly RecordedPayload[]): readonly string[] {
  return events
    .filter(({ kind }) => kind === 'box')
    .map(({ data }) => `${data['active'] === true ? 'begin' : 'end'} ${String(data['condition'])}`);
}
