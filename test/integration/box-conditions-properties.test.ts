import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Conditions, settledAfterMs } from '../../daemon/core/conditions/conditions.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { BoxCondition } from '../../daemon/kernel/events/notice.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { conditionLines, openSourceRecords } from '../support/event-source.js';

const watched = [
  'disk-low',
  'certificate-expiring',
  'topic-refused',
] as const satisfies readonly BoxCondition[];

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constantFrom('begin', 'end'), of: fc.constantFrom(...watched) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constantFrom('active', 'over'),
      part: fc.constantFrom('a', 'b', 'c'),
      of: fc.constantFrom(...watched),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('fill', 'free', 'wait', 'kill') }) },
);

test('the box records beginnings and ends of a condition in turn, and the newest event shows its present state, in every sequence of changes', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const source = openSourceRecords(t);
      let life = 0;
      /** Opens the conditions in a new process; timers of the killed process do not fire. */
      const open = (): Conditions => {
        const { clock, records } = source;
        life += 1;
        const own = life;
        const mortal: Clock = {
          monotonicMs: () => clock.monotonicMs(),
          wallMs: () => clock.wallMs(),
          after: (delayMs, callback) => clock.after(delayMs, () => own === life && callback()),
        };
        return new Conditions({ records, clock: mortal, logger: silentLogger });
      };
      let conditions = open();
      for (const { act, ...about } of steps) {
        if ('part' in about) conditions.change(about.of, {}, { [act]: [about.part] });
        else if ('of' in about) conditions[act === 'begin' ? 'begin' : 'end'](about.of);
        if (act === 'fill' || act === 'free') source.isDiskFull = act === 'fill';
        if (act === 'wait') source.clock.advanceBy(settledAfterMs);
        if (act !== 'kill') continue;
        await source.restart();
        conditions = open();
      }
      source.isDiskFull = false;
      await conditions[Symbol.asyncDispose]();
      const events = source.events();
      const lines = conditionLines(events.filter(({ data }) => data['change'] === undefined));
      for (const condition of watched) {
        const ofThis = lines.filter((line) => line.endsWith(` ${condition}`));
        ofThis.forEach((line, index) => {
          assert.equal(line, `${index % 2 === 0 ? 'begin' : 'end'} ${condition}`, lines.join(', '));
        });
        const newest = events.filter(({ data }) => data['condition'] === condition).at(-1);
        assert.deepEqual(
          newest?.data['about'],
          conditions.about()[condition],
          'the newest event shows the present parts',
        );
        assert.equal(ofThis.length % 2 === 1, conditions.current().includes(condition), lines.join(', '));
      }
      assert.equal(conditions.waitingCount, 0);
    }),
    { numRuns: 60 },
  );
});
