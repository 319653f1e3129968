import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorMs } from '../../daemon/host/process-facts.js';

test('the processor time of a process grows as it computes, by as much as Node.js says', () => {
  const usedMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const [before, firstMs] = [usedMs(), processorMs(process.pid)];
  while (usedMs() < before + 200);
  const [grownMs, seenMs] = [usedMs() - before, processorMs(process.pid) - firstMs];
  // The kernel counts in ticks of 10 ms, user and system time each.
  assert.ok(Math.abs(grownMs - seenMs) <= 40, `${seenMs} ms of ${grownMs} ms`);
});
