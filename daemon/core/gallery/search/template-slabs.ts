import type { RollcallError } from '../../../kernel/errors.js';
import type { Embedding } from '../../../kernel/identification/match.js';
import { WasmMemory } from '../../../kernel/wasm-memory.js';
import { failure } from '../../../words/errors.js';
import { boundsCode } from './bounds-code.js';
import {
  exactProduct,
  paddedWidth,
  type QuantisedProbe,
  quantiseProbe,
  quantiseRow,
} from './quantised.kernel.js';

/** Rows whose images are in one piece: one pass over a long piece takes half the time of one over many short ones. */
const SLAB_ROWS = 16_384;
/** Rows whose float32 values are in one piece. */
const VECTOR_ROWS = 512;
/** Most rows of one call of `bounds`; divides `SLAB_ROWS`. The floor is renewed for each call. */
export const PIECE_ROWS = 512;
/** Rows of a group: what one turn of the kernel's loop takes. */
export const GROUP_ROWS = 4;
const GROUPS = PIECE_ROWS / GROUP_ROWS;

const IMAGE_BITS = 4;
const WORD_BYTES = Int16Array.BYTES_PER_ELEMENT;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const FACTS_DISTANCE = SLAB_ROWS * FLOAT_BYTES;

/** Memory that a template takes, in both forms. */
export function bytesOfTemplate(dimensions: number): number {
  return dimensions * FLOAT_BYTES + (paddedWidth(dimensions) * IMAGE_BITS) / 8 + 3 * FLOAT_BYTES;
}

export function searchExhausted(cause: unknown): RollcallError {
  return failure('search-memory-exhausted', {}, { cause });
}

export interface Bounds {
  readonly most: Float32Array;
  readonly groups: Uint32Array;
}

/**
 * Templates in two forms, in memory shared with WebAssembly: float32 values, and an image of 4 bits a value with its error.
 * Memory is reserved in slabs, and growth never moves a row. One kind of slab holds images, and after them their scales, errors
 * and norms; the other kind holds float32 rows.
 */
export class TemplateSlabs {
  readonly dimensions: number;
  readonly #memory: WasmMemory;
  readonly #width: number;
  readonly #probeAddress: number;
  readonly #boundsAddress: number;
  readonly #groupsAddress: number;
  readonly #imageSlabs: number[] = [];
  readonly #vectorSlabs: number[] = [];
  readonly #writeBounds: (...parameters: number[]) => number;
  #words: Int16Array;
  #floats: Float32Array;

  constructor(dimensions: number, memory = new WasmMemory(searchExhausted)) {
    this.dimensions = dimensions;
    this.#memory = memory;
    const values = paddedWidth(dimensions);
    this.#width = (values * IMAGE_BITS) / 8;
    this.#probeAddress = this.#memory.reserve(values * WORD_BYTES);
    this.#boundsAddress = this.#memory.reserve(PIECE_ROWS * FLOAT_BYTES);
    this.#groupsAddress = this.#memory.reserve(GROUPS * FLOAT_BYTES);
    this.#writeBounds = this.#memory.link(new Uint8Array(Buffer.from(boundsCode, 'base64')), 'writeBounds');
    this.#words = new Int16Array(this.#memory.buffer);
    this.#floats = new Float32Array(this.#memory.buffer);
  }

  /** @throws `search-memory-exhausted` */
  makeRoom(rows: number): void {
    if (rows <= this.#vectorSlabs.length * VECTOR_ROWS) return;
    try {
      while (rows > this.#imageSlabs.length * SLAB_ROWS)
        this.#imageSlabs.push(this.#memory.reserve(SLAB_ROWS * this.#width + 3 * FACTS_DISTANCE));
      while (rows > this.#vectorSlabs.length * VECTOR_ROWS)
        this.#vectorSlabs.push(this.#memory.reserve(VECTOR_ROWS * this.dimensions * FLOAT_BYTES));
    } finally {
      // Growth detaches the older views, also when a later slab of the same call found no room.
      this.#words = new Int16Array(this.#memory.buffer);
      this.#floats = new Float32Array(this.#memory.buffer);
    }
  }

  write(row: number, template: Embedding): void {
    const image = this.#imageAt(row);
    const { scale, error, norm } = quantiseRow(
      template,
      this.#words.subarray(image, image + this.#width / WORD_BYTES),
    );
    const fact = this.#factAt(row);
    this.#floats[fact] = scale;
    this.#floats[fact + SLAB_ROWS] = error;
    this.#floats[fact + 2 * SLAB_ROWS] = norm;
    this.#floats.set(template, this.#vectorAt(row));
  }

  /** Moves row `from` to row `to` and overwrites `from` with zeros. */
  move(from: number, to: number): void {
    if (from !== to) {
      const [image, vector, fact] = [this.#imageAt(from), this.#vectorAt(from), this.#factAt(from)];
      this.#words.copyWithin(this.#imageAt(to), image, image + this.#width / WORD_BYTES);
      this.#floats.copyWithin(this.#vectorAt(to), vector, vector + this.dimensions);
      for (let number = 0; number < 3; number += 1)
        this.#floats[this.#factAt(to) + number * SLAB_ROWS] = this.#floats[fact + number * SLAB_ROWS] ?? 0;
    }
    this.#clear(from);
  }

  /** Overwrites everything with zeros. */
  wipe(): void {
    this.#memory.wipe();
  }

  /** Stores `probe` for `bounds`, until `dropProbe`. */
  takeProbe(probe: Embedding): QuantisedProbe {
    return quantiseProbe(
      probe,
      new Int16Array(this.#memory.buffer, this.#probeAddress, paddedWidth(this.dimensions)),
    );
  }

  /** Overwrites the probe, and the last bounds and groups, with zeros. */
  dropProbe(): void {
    const end = this.#groupsAddress + GROUPS * FLOAT_BYTES;
    this.#words.fill(0, this.#probeAddress / WORD_BYTES, end / WORD_BYTES);
  }

  /**
   * Upper bounds of the similarity of `count` rows (at most `PIECE_ROWS`) to the stored probe. `firstRow` is a multiple of `PIECE_ROWS`. `groups` lists, in
   * order, the groups of `GROUP_ROWS` bounds of which one or more are not below `floor` (a float32): the place of their first
   * bound. The returned views are valid until the next call.
   */
  bounds(firstRow: number, count: number, probe: QuantisedProbe, floor: number): Bounds {
    const rows = this.#imageAt(firstRow) * WORD_BYTES;
    const groupCount = this.#writeBounds(
      rows,
      rows + Math.ceil(count / GROUP_ROWS) * GROUP_ROWS * this.#width,
      this.#factAt(firstRow) * FLOAT_BYTES,
      this.#boundsAddress,
      this.#groupsAddress,
      this.#probeAddress,
      this.#width,
      FACTS_DISTANCE,
      probe.scale,
      probe.offset,
      probe.errorFactor,
      probe.normFactor,
      floor,
    );
    const at = this.#boundsAddress / FLOAT_BYTES;
    return {
      most: this.#floats.subarray(at, at + count),
      groups: new Uint32Array(this.#memory.buffer, this.#groupsAddress, groupCount),
    };
  }

  /** The similarity of a row to `probe`: the product of their float32 values, summed in float64. */
  similarity(row: number, probe: Embedding): number {
    return exactProduct(this.#floats, this.#vectorAt(row), probe);
  }

  #slabOf(row: number): number {
    return this.#imageSlabs[Math.floor(row / SLAB_ROWS)] ?? 0;
  }

  /** Index of the row's first word in `#words`. */
  #imageAt(row: number): number {
    return (this.#slabOf(row) + (row % SLAB_ROWS) * this.#width) / WORD_BYTES;
  }

  /** Index of the row's scale in `#floats`; its error follows `SLAB_ROWS` values later, its norm twice as many. */
  #factAt(row: number): number {
    return (this.#slabOf(row) + SLAB_ROWS * this.#width) / FLOAT_BYTES + (row % SLAB_ROWS);
  }

  /** Index of the row's first value in `#floats`. */
  #vectorAt(row: number): number {
    const slab = this.#vectorSlabs[Math.floor(row / VECTOR_ROWS)] ?? 0;
    return slab / FLOAT_BYTES + (row % VECTOR_ROWS) * this.dimensions;
  }

  #clear(row: number): void {
    const [image, vector, fact] = [this.#imageAt(row), this.#vectorAt(row), this.#factAt(row)];
    this.#words.fill(0, image, image + this.#width / WORD_BYTES);
    this.#floats.fill(0, vector, vector + this.dimensions);
    for (let number = 0; number < 3; number += 1) this.#floats[fact + number * SLAB_ROWS] = 0;
  }
}
