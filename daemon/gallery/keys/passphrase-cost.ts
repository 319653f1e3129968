import type { PassphraseCost } from '../../host/sodium.js';

const mib = 1024 * 1024;

/**
 * Memory that Argon2id may take, most first. The least is that of the second choice of RFC 9106 section 4 (64 MiB
 * with three passes), above what OWASP's Password Storage Cheat Sheet asks for at least (19 MiB with two passes).
 */
const memoryTiers: readonly [number, ...number[]] = [256 * mib, 128 * mib, 64 * mib];
/** The passes of RFC 9106's second choice. */
const leastPasses = 3;
/** More are not chosen on a fast machine, nor believed from a database: what an attempt may take stays bounded. */
export const MOST_PASSES = 32;
export const MOST_MEMORY_BYTES = memoryTiers[0];
/** Of the memory that is free, one attempt takes this share at most. */
const memoryShare = 1 / 4;

const targetMs = 1000;
/** A tier that takes longer than this with the fewest passes is given up for the next. */
const bearableMs = 1.5 * targetMs;

/**
 * The cost that makes one attempt take about a second on this machine: as much memory as it has to spare, then as
 * many passes as the time allows. Never below `leastPasses` over the least tier, however slow that is.
 * @param availableBytes memory that could be taken now without swapping
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
    // The machine may be busy with something else: the faster of two tells what an attacker needs.
    const tookMs = Math.min(await measure(cost), await measure(cost));
    if (tookMs > bearableMs) continue;
    const passes = Math.round((leastPasses * targetMs) / Math.max(tookMs, 1));
    return { memoryBytes, passes: Math.min(MOST_PASSES, Math.max(leastPasses, passes)) };
  }
  return cost;
}
