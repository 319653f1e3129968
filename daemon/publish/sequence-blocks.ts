/**
 * Gives numbers one by one that are taken by the block: each taking is a write to the disk. What is left of a block at the end
 * of the program is not given again.
 */
export function inBlocks(take: (count: number) => number, blockSize = 32): () => number {
  let next = 1;
  let last = 0;
  return () => {
    if (next > last) {
      last = take(blockSize);
      next = last - blockSize + 1;
    }
    return next++;
  };
}
