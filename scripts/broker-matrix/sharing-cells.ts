import assert from 'node:assert/strict';
import { attendanceFact } from '../../test/support/facts.js';
import { until } from '../../test/support/until.js';
import type { Cell } from './cell.js';
import { startBox, withRecords } from './site.js';

export const sharingCells: readonly Cell[] = [
  {
    name: 'workers share the events',
    on: 'strict',
    async run({ broker, certificates }) {
      await using kept = await broker.startWorker(certificates);
      return await withRecords(async (records) => {
        await using _box = startBox(broker.port, certificates, { records });
        const record = (count: number): string[] =>
          Array.from({ length: count }, () => records.record(attendanceFact()).id);
        {
          await using other = await broker.startWorker(certificates);
          const recorded = record(60);
          const taken = () => [...kept.ids, ...other.ids].filter((id) => recorded.includes(id));
          await until('each event to be taken', () => new Set(taken()).size === recorded.length);
          assert.equal(taken().length, recorded.length, 'each by one of them');
          for (const { ids } of [kept, other]) assert.ok(ids.length > 0, 'both take some');
        }
        const alone = record(20);
        await until('one worker to take the rest', () => alone.every((id) => kept.ids.includes(id)));
        return undefined;
      });
    },
  },
];
