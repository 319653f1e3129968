import type { Clock } from '../../kernel/clock.js';
import type { Records } from '../records/records.js';
import type { IdentityKeys } from './identity-keys.js';
import type { FormerKey } from './identity-state.js';

/** The name under which the records keep the count. */
const source = 'former-keys';

export interface OverlapClockOptions {
  readonly keys: Pick<IdentityKeys, 'state'>;
  readonly records: Pick<Records, 'sources'>;
  readonly clock: Clock;
}

/** Counts how long former keys stay published, across restarts and independent of the wall clock. */
export class OverlapClock {
  readonly #options: OverlapClockOptions;
  #count: OverlapCount | undefined;
  /** Monotonic time of the latest count of this process. */
  #countedAtMs: number | undefined;

  constructor(options: OverlapClockOptions) {
    this.#options = options;
  }

  /** Counts and stores the overlap. Returns a test for former keys that are over. When storing throws, nothing was counted. */
  count(): (key: Pick<FormerKey, 'keyId'>) => boolean {
    const { keys, records, clock } = this.#options;
    const { states } = records.sources;
    const said = this.#count === undefined ? states.of(source) : undefined;
    const before = said === undefined ? this.#count : (JSON.parse(said) as OverlapCount);
    const monotonicMs = clock.monotonicMs();
    const upMs = this.#countedAtMs === undefined ? undefined : monotonicMs - this.#countedAtMs;
    const { former } = keys.state;
    const count = countOverlaps(before, former, { nowMs: clock.wallMs(), upMs });
    if (former.length > 0) states.set(source, JSON.stringify(count));
    else if (before !== undefined) states.forget(source);
    this.#count = former.length > 0 ? count : undefined;
    this.#countedAtMs = monotonicMs;
    return ({ keyId }) => count.leftMs[keyId] === 0;
  }
}

/** The remaining overlap of former keys. */
export interface OverlapCount {
  /** When it was counted, by the wall clock. */
  readonly atMs: number;
  /** By thumbprint, milliseconds from 0. */
  readonly leftMs: Readonly<Record<string, number>>;
}

/**
 * The largest part of a time while the box was off that counts. Only the wall clock knows how long that was, and a clock that starts
 * far ahead must not end an overlap.
 */
export const longestOffMs = 86_400_000;

/**
 * Reduces the remaining overlaps by the elapsed time, regardless of changes of the wall clock. A new former key gets its overlap from
 * the wall clock, because it was replaced just now.
 * @param times.upMs - monotonic time since `before`, where this process has counted it
 */
export function countOverlaps(
  before: OverlapCount | undefined,
  former: readonly FormerKey[],
  times: { readonly nowMs: number; readonly upMs: number | undefined },
): OverlapCount {
  const { nowMs, upMs } = times;
  const offMs = Math.min(longestOffMs, Math.max(0, nowMs - (before?.atMs ?? nowMs)));
  const goneMs = upMs ?? offMs;
  const leftMs = former.map(({ keyId, untilMs }) => {
    const counted = before?.leftMs[keyId];
    return [keyId, Math.max(0, counted === undefined ? untilMs - nowMs : counted - goneMs)];
  });
  return { atMs: nowMs, leftMs: Object.fromEntries(leftMs) };
}
