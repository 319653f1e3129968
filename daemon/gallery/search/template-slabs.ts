import { operational, type RollcallError } from '../../base/errors.js';
import { WasmMemory } from '../../base/wasm-memory.js';
import type { Embedding } from '../../domain/identification/match.js';
import { boundsCode } from './bounds-code.js';
import {
  exactProduct,
  paddedWidth,
  type QuantisedProbe,
  quantiseProbe,
  quantiseRow,
  slackOf,
} from './quantised.kernel.js';

/** Rows of a slab. */
export const SLAB_ROWS = 512;
/** Rows that one turn of the kernel's loop takes. */
const KERNEL_ROWS = 4;

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const FACTS_DISTANCE = SLAB_ROWS * FLOAT_BYTES;

export function searchExhausted(cause: unknown): RollcallError {
  return operational('search-memory-exhausted', 'there is no memory for the templates that are searched', {
    cause,
    remedy: 'Give the daemon more memory, and no limit on its address space (LimitAS, ulimit -v).',
  });
}

/**
 * Templates in two forms, in memory shared with WebAssembly: float32 values, and an int8 image with its error. Memory is
 * reserved in slabs, and growth never moves a row. A slab holds, in this order: int8 rows, their scales, errors and norms,
 * float32 rows.
 */
export class TemplateSlabs {
  readonly dimensions: number;
  readonly #memory: WasmMemory;
  readonly #width: number;
  readonly #probeAddress: number;
  readonly #boundsAddress: number;
  readonly #addresses: number[] = [];
  readonly #writeBounds: (...parameters: number[]) => void;
  #bytes: Int8Array;
  #floats: Float32Array;

  constructor(dimensions: number, memory = new WasmMemory(searchExhausted)) {
    this.dimensions = dimensions;
    this.#memory = memory;
    this.#width = paddedWidth(dimensions);
    this.#probeAddress = this.#memory.reserve(this.#width * Int16Array.BYTES_PER_ELEMENT);
    this.#boundsAddress = this.#memory.reserve(SLAB_ROWS * FLOAT_BYTES);
    this.#writeBounds = this.#memory.link(new Uint8Array(Buffer.from(boundsCode, 'base64')), 'writeBounds');
    this.#bytes = new Int8Array(this.#memory.buffer);
    this.#floats = new Float32Array(this.#memory.buffer);
  }

  /** @throws `search-memory-exhausted` */
  makeRoom(rows: number): void {
    if (rows <= this.#addresses.length * SLAB_ROWS) return;
    try {
      while (rows > this.#addresses.length * SLAB_ROWS)
        this.#addresses.push(this.#memory.reserve(this.#vectorsDistance + SLAB_ROWS * this.#vectorBytes));
    } finally {
      // Growth detaches the older views, also when a later slab of the same call found no room.
      this.#bytes = new Int8Array(this.#memory.buffer);
      this.#floats = new Float32Array(this.#memory.buffer);
    }
  }

  write(row: number, template: Embedding): void {
    const image = this.#imageAt(row);
    const { scale, error, norm } = quantiseRow(template, this.#bytes.subarray(image, image + this.#width));
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
      this.#bytes.copyWithin(this.#imageAt(to), image, image + this.#width);
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
    return quantiseProbe(probe, new Int16Array(this.#memory.buffer, this.#probeAddress, this.#width));
  }

  /** Overwrites the probe and the last bounds with zeros. */
  dropProbe(): void {
    this.#bytes.fill(0, this.#probeAddress, this.#boundsAddress + SLAB_ROWS * FLOAT_BYTES);
  }

  /**
   * Upper bounds of the similarity of `count` rows to the stored probe. `firstRow` is the first row of a slab. The returned view
   * is valid until the next call.
   */
  bounds(firstRow: number, count: number, probe: QuantisedProbe): Float32Array {
    const rows = this.#imageAt(firstRow);
    this.#writeBounds(
      rows,
      rows + Math.ceil(count / KERNEL_ROWS) * KERNEL_ROWS * this.#width,
      this.#factAt(firstRow) * FLOAT_BYTES,
      this.#boundsAddress,
      this.#probeAddress,
      this.#width,
      FACTS_DISTANCE,
      probe.scale,
      probe.errorFactor,
      probe.normFactor,
    );
    const at = this.#boundsAddress / FLOAT_BYTES;
    return this.#floats.subarray(at, at + count);
  }

  /** The most by which the similarity of a row to the stored probe can be below its upper bound. */
  slack(row: number, probe: QuantisedProbe): number {
    const fact = this.#factAt(row);
    return slackOf(this.#floats[fact + SLAB_ROWS] ?? 0, this.#floats[fact + 2 * SLAB_ROWS] ?? 0, probe);
  }

  /** The errors of rows of one slab; the view is valid until the next change. */
  errors(firstRow: number, count: number): Float32Array {
    const fact = this.#factAt(firstRow) + SLAB_ROWS;
    return this.#floats.subarray(fact, fact + count);
  }

  /** The norms of rows of one slab; the view is valid until the next change. */
  norms(firstRow: number, count: number): Float32Array {
    const fact = this.#factAt(firstRow) + 2 * SLAB_ROWS;
    return this.#floats.subarray(fact, fact + count);
  }

  /** The similarity of a row to `probe`: the product of their float32 values, summed in float64. */
  similarity(row: number, probe: Embedding): number {
    return exactProduct(this.#floats, this.#vectorAt(row), probe);
  }

  get #vectorBytes(): number {
    return this.dimensions * FLOAT_BYTES;
  }

  get #vectorsDistance(): number {
    return SLAB_ROWS * this.#width + 3 * FACTS_DISTANCE;
  }

  #slabOf(row: number): number {
    return this.#addresses[Math.floor(row / SLAB_ROWS)] ?? 0;
  }

  /** Index of the row's first value in `#bytes`. */
  #imageAt(row: number): number {
    return this.#slabOf(row) + (row % SLAB_ROWS) * this.#width;
  }

  /** Index of the row's scale in `#floats`; its error follows `SLAB_ROWS` values later, its norm twice as many. */
  #factAt(row: number): number {
    return (this.#slabOf(row) + SLAB_ROWS * this.#width) / FLOAT_BYTES + (row % SLAB_ROWS);
  }

  /** Index of the row's first value in `#floats`. */
  #vectorAt(row: number): number {
    return (this.#slabOf(row) + this.#vectorsDistance) / FLOAT_BYTES + (row % SLAB_ROWS) * this.dimensions;
  }

  #clear(row: number): void {
    const [image, vector, fact] = [this.#imageAt(row), this.#vectorAt(row), this.#factAt(row)];
    this.#bytes.fill(0, image, image + this.#width);
    this.#floats.fill(0, vector, vector + this.dimensions);
    for (let number = 0; number < 3; number += 1) this.#floats[fact + number * SLAB_ROWS] = 0;
  }
}
