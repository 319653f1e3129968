import {
  type HardwareFault,
  hardwareFaults,
  readHardwareFaults,
  readMemoryKills,
} from '../../host/hardware-faults.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { ConditionPort } from '../delivery/condition-port.js';

export interface HardwareWatchOptions {
  /** Default: what the kernel tells. */
  readonly faults?: () => Promise<ReadonlyMap<HardwareFault, string>>;
  readonly memoryKills?: () => Promise<number | undefined>;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkHardwareEveryMs = 60_000;
/** So many checks in a row must agree: a short peak of memory or heat is no fault. */
const checksToAgree = 3;
/** A process that was ended for lack of memory is reported for this long. */
const killReportedForMs = 60 * 60_000;

const items = [...hardwareFaults, 'out-of-memory'] as const;

/** Reports failing hardware, and a machine that runs out of memory, as the condition `hardware-failing`. */
export function hardwareWatch(options: HardwareWatchOptions): Recurring {
  const { faults = readHardwareFaults, memoryKills = readMemoryKills, conditions, clock, logger } = options;
  const streaks = new Map<HardwareFault, number>();
  let kills: number | undefined;
  let killedAtMs: number | undefined;
  return new Recurring({
    clock,
    everyMs: checkHardwareEveryMs,
    async work() {
      const found = await faults();
      for (const fault of hardwareFaults)
        streaks.set(fault, found.has(fault) ? (streaks.get(fault) ?? 0) + 1 : 0);
      const killed = await memoryKills();
      if (kills !== undefined && killed !== undefined && killed > kills) killedAtMs = clock.monotonicMs();
      kills = killed;
      const active: string[] = hardwareFaults.filter((fault) => (streaks.get(fault) ?? 0) >= checksToAgree);
      const isKilled = killedAtMs !== undefined && clock.monotonicMs() - killedAtMs < killReportedForMs;
      if (isKilled) active.push('out-of-memory');
      const details = Object.fromEntries([...found].filter(([fault]) => active.includes(fault)));
      const over = items.filter(
        (item) => !active.includes(item) && (streaks.get(item as HardwareFault) ?? 0) === 0,
      );
      if (active.length === 0 && over.length === items.length) conditions.end('hardware-failing');
      else conditions.change('hardware-failing', details, { active, over });
    },
    onFailure: (error) => logger.error('the state of the hardware cannot be read', { error }),
  });
}
