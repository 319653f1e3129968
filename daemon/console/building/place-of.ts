/** The number of values that a place can have. */
const count = 2 ** 24;

/**
 * The number under which the build has put the message with this name, as FNV-1a makes it. The seed is one with which no two
 * messages have the same.
 */
export function placeOf(name: string, seed: number): number {
  let sum = 0x811c9dc5 ^ seed;
  for (const sign of name) sum = Math.imul(sum ^ (sign.codePointAt(0) ?? 0), 0x01000193);
  return (sum ^ (sum >>> 24)) & (count - 1);
}
