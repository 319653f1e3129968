import type { PassphraseCost } from '../../../host/sodium.js';

const mib = 1024 * 1024;

/**
 * Memory for Argon2id, largest first. The smallest is the second choice of RFC 9106 section 4 (64 MiB with three passes), above
 * the minimum of OWASP's Password Storage Cheat Sheet (19 MiB with two passes).
 */
const memoryTiers: readonly [number, ...number[]] = [256 * mib, 128 * mib, 64 * mib];
/** The passes of RFC 9106's second choice. */
const leastPasses = 3;
/** Upper limit, also for parameters from a database, so that the cost of an attempt stays bounded. */
export const MOST_PASSES = 32;
export const MOST_MEMORY_BYTES = memoryTiers[0];
/** Largest share of the free memory for one attempt. */
const memoryShare = 1 / 4;

const targetMs = 1000;
/** If the fewest passes over a tier take longer than this, the next tier is tried. */
const bearableMs = 1.5 * targetMs;

/**
 * The cost with which one attempt takes about a second on this machine: as much memory as it can spare, then as many passes as
 * the time allows. At least `leastPasses` over the smallest tier, even if that is slow.
 * @param availableBytes memory that is available without swapping
 * @param measure milliseconds that hashing at that cost takes
 */
export async function tunePassphraseCost(
  availableBytes: number,
  measure: (cost: PassphraseCost) => Promise<number>,
): Promise<PassphraseCost> {
  const least = memoryTiers.at(-1) ?? memoryTiers[0];
  const affordable = memoryTiers.filter((tier) => tier <= availableBytes * memoryShare || tier === least);
  let cost: PassphraseCost = { passes: leastPasses, memoryBytes: least };
  for (const memoryBytes of affordable) {
    cost = { passes: leastPasses, memoryBytes };
    // The machine may be busy: the faster of two measurements is closer to an attacker's cost.
    const tookMs = Math.min(await measure(cost), await measure(cost));
    if (tookMs > bearableMs) continue;
    const passes = Math.round((leastPasses * targetMs) / Math.max(tookMs, 1));
    return { memoryBytes, passes: Math.min(MOST_PASSES, Math.max(leastPasses, passes)) };
  }
  return cost;
}
