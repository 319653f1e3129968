import type { Clock } from '../../base/clock.js';
import type { IdentityKeys } from '../../publish/identity/identity-keys.js';
import type { FormerKey } from '../../publish/identity/identity-state.js';
import { countOverlaps, type OverlapCount } from '../../publish/identity/overlap.js';
import type { Records } from '../../records/open-records.js';

/** The name under which the records keep it. */
const source = 'former-keys';

export interface OverlapClockOptions {
  readonly keys: Pick<IdentityKeys, 'state'>;
  readonly records: Pick<Records, 'sources'>;
  readonly clock: Clock;
}

/** Counts the overlap of former keys over restarts, whatever the wall clock is set to. */
export class OverlapClock {
  readonly #options: OverlapClockOptions;
  #count: OverlapCount | undefined;
  /** When this process counted last, monotonic. */
  #countedAtMs: number | undefined;

  constructor(options: OverlapClockOptions) {
    this.#options = options;
  }

  /** Counts on and writes it down; which former keys are over. @throws what the records throw: then nothing was counted */
  count(): (key: Pick<FormerKey, 'keyId'>) => boolean {
    const { keys, records, clock } = this.#options;
    const { lastSaid } = records.sources;
    const said = this.#count === undefined ? lastSaid.of(source) : undefined;
    const before = said === undefined ? this.#count : (JSON.parse(said) as OverlapCount);
    const monotonicMs = clock.monotonicMs();
    const upMs = this.#countedAtMs === undefined ? undefined : monotonicMs - this.#countedAtMs;
    const { former } = keys.state;
    const count = countOverlaps(before, former, { nowMs: clock.wallMs(), upMs });
    if (former.length > 0) lastSaid.set(source, JSON.stringify(count));
    else if (before !== undefined) lastSaid.forget(source);
    this.#count = former.length > 0 ? count : undefined;
    this.#countedAtMs = monotonicMs;
    return ({ keyId }) => count.leftMs[keyId] === 0;
  }
}
