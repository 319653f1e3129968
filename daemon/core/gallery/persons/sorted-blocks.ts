/** Items of a block before it is split: a change moves at most this many. */
const mostItems = 512;

/** Items in order, in blocks, so that one of a hundred thousand comes and goes in microseconds. */
export class SortedBlocks<T> {
  readonly #compare: (a: T, b: T) => number;
  /** None is empty. */
  #blocks: T[][] = [];

  /** No two items compare as equal. The order of items that are held does not change. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  add(item: T): void {
    const number = Math.max(0, this.#blockOf(item));
    const block = this.#blocks[number];
    if (block === undefined) {
      this.#blocks.push([item]);
      return;
    }
    block.splice(this.#countUpTo(block, item), 0, item);
    if (block.length > mostItems) this.#blocks.splice(number + 1, 0, block.splice(mostItems >> 1));
  }

  remove(item: T): void {
    const number = this.#blockOf(item);
    const block = this.#blocks[number];
    const place = block === undefined ? -1 : this.#countUpTo(block, item) - 1;
    const found = block?.[place];
    if (block === undefined || found === undefined || this.#compare(found, item) !== 0) return;
    if (block.length === 1) this.#blocks.splice(number, 1);
    else block.splice(place, 1);
  }

  clear(): void {
    this.#blocks = [];
  }

  items(): readonly T[] {
    return this.#blocks.flat();
  }

  /** The last block that begins with this item or an earlier one; -1 if none does. */
  #blockOf(item: T): number {
    return countWhile(this.#blocks, ([first]) => first !== undefined && this.#compare(first, item) <= 0) - 1;
  }

  #countUpTo(block: readonly T[], item: T): number {
    return countWhile(block, (each) => this.#compare(each, item) <= 0);
  }
}

/** How many items fulfil the condition, which holds for the first ones and for none after them. */
function countWhile<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && isBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
