import type { Isolation } from '../../kernel/isolation.js';
import type { ConditionPort } from '../delivery/condition-port.js';

/** What an installation gives vision processes and what can be missing; how events name it. A kernel that cannot limit memory is a fact of the machine. */
const walls = ['units', 'network', 'disk'] as const;
type Wall = (typeof walls)[number];

/** Reports to the condition `isolation-weakened` which walls of an installed service do not stand. */
export class IsolationWatch {
  readonly #conditions: Pick<ConditionPort, 'change' | 'end'>;
  readonly #isInstalled: boolean;

  /** `isInstalled`: whether units of the installed service should start vision processes. Elsewhere, no wall is promised. */
  constructor(conditions: Pick<ConditionPort, 'change' | 'end'>, isInstalled: boolean) {
    this.#conditions = conditions;
    this.#isInstalled = isInstalled;
    if (!isInstalled) conditions.end('isolation-weakened');
  }

  /** Judges the isolation of each kind of vision process. */
  judge(...isolations: readonly Isolation[]): void {
    if (!this.#isInstalled) return;
    const missing = isolations.flatMap(missingWalls);
    const active = walls.filter((wall) => missing.includes(wall));
    const over = walls.filter((wall) => !active.includes(wall));
    this.#conditions.change('isolation-weakened', {}, { active, over });
  }
}

function missingWalls({ level, gaps }: Isolation): readonly Wall[] {
  // The other walls are settings of the units, so they are not missed one by one.
  if (level !== 'full') return ['units'];
  return walls.filter((wall) => wall !== 'units' && gaps.includes(wall));
}
