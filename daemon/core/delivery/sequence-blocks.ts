/**
 * Hands out numbers one by one and takes them in blocks, because each taking is a write to the disk. The rest of a block is
 * lost at the end of the program and never given again.
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
