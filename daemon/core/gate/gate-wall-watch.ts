import { attachesPrograms } from '../../host/control-groups.js';
import { showUnits, type UnitProperties } from '../../host/systemctl.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { ConditionPort } from '../delivery/condition-port.js';

const gate = 'rollcall-gate.service';
/** It gives the kernel the programs that refuse connections of the gate. */
const wall = 'rollcall-gate-wall.service';
/** When a unit became active, microseconds since the start of the machine. */
const activeSince = 'ActiveEnterTimestampMonotonic';
const everyMs = 60_000;

interface GateWallOptions {
  readonly conditions: Pick<ConditionPort, 'change'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
  /** Asks systemd. */
  readonly show?: typeof showUnits;
  /** Whether systemd attaches programs to units on this machine. */
  readonly attaches?: () => boolean;
}

/**
 * Reports to the condition `isolation-weakened` whether the gate of the installed service runs without the programs that keep it from
 * making connections. The core cannot look at them, which only root can, and must not ask the gate. So it asks systemd.
 */
export function startGateWallWatch({
  conditions,
  clock,
  logger,
  show = showUnits,
  attaches = attachesPrograms,
}: GateWallOptions): Recurring {
  const look = async (): Promise<void> => {
    const units = await show([gate, wall], ['ActiveState', activeSince]);
    // Nothing is known where systemd does not answer.
    if (units === undefined) return;
    const isOpen = attaches() ? runsWithoutWall(units.get(gate), units.get(wall)) : isActive(units.get(gate));
    conditions.change('isolation-weakened', {}, isOpen ? { active: ['gate'] } : { over: ['gate'] });
  };
  const onFailure = (error: unknown): void => logger.error('the wall of the gate is not watched', { error });
  return new Recurring({ clock, everyMs, work: look, onFailure }).start();
}

/** Programs that came after the start of the gate do not count for it. */
function runsWithoutWall(ofGate: UnitProperties | undefined, ofWall: UnitProperties | undefined): boolean {
  if (!isActive(ofGate)) return false;
  return !isActive(ofWall) || Number(ofWall?.get(activeSince)) > Number(ofGate?.get(activeSince));
}

const isActive = (facts: UnitProperties | undefined): boolean => facts?.get('ActiveState') === 'active';
