import type { Embedding } from '../../domain/identification/match.js';
import { boundsFunction, ROWS_AT_ONCE } from './bounds-code.js';
import {
  exactProduct,
  paddedWidth,
  type QuantisedProbe,
  quantiseProbe,
  quantiseRow,
  slackOf,
} from './quantised.kernel.js';
import { wasmModule } from './wasm-code.js';
import { WasmMemory } from './wasm-memory.js';

/** Rows of a slab. */
export const SLAB_ROWS = 512;

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const FACTS_DISTANCE = SLAB_ROWS * FLOAT_BYTES;

/**
 * Templates in two forms, in memory that WebAssembly shares: as float32, and as int8 with what that loses. Room comes in
 * slabs, and no row is ever moved by growth. A slab has, one after the other: int8 rows, their scales, errors and norms,
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

  constructor(dimensions: number, memory = new WasmMemory()) {
    this.dimensions = dimensions;
    this.#memory = memory;
    this.#width = paddedWidth(dimensions);
    this.#probeAddress = this.#memory.reserve(this.#width * Int16Array.BYTES_PER_ELEMENT);
    this.#boundsAddress = this.#memory.reserve(SLAB_ROWS * FLOAT_BYTES);
    const layout = {
      width: this.#width,
      factsDistance: FACTS_DISTANCE,
      probeAddress: this.#probeAddress,
    };
    this.#writeBounds = this.#memory.link(wasmModule(boundsFunction(layout)));
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
      // Any growth takes the memory from under older views, also that of a slab before one that finds no room.
      this.#bytes = new Int8Array(this.#memory.buffer);
      this.#floats = new Float32Array(this.#memory.buffer);
    }
  }

  write(row: number, template: Embedding): void {
    const images = this.#imageAt(row);
    const { scale, error, norm } = quantiseRow(template, this.#bytes.subarray(images, images + this.#width));
    const fact = this.#factAt(row);
    this.#floats[fact] = scale;
    this.#floats[fact + SLAB_ROWS] = error;
    this.#floats[fact + 2 * SLAB_ROWS] = norm;
    this.#floats.set(template, this.#vectorAt(row));
  }

  /** Moves what is in row `from` to row `to` and leaves zeros. */
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

  /** Makes `probe` the one that `bounds` are for, until `dropProbe`. */
  takeProbe(probe: Embedding): QuantisedProbe {
    return quantiseProbe(probe, new Int16Array(this.#memory.buffer, this.#probeAddress, this.#width));
  }

  /** Overwrites the probe and the last bounds with zeros. */
  dropProbe(): void {
    this.#bytes.fill(0, this.#probeAddress, this.#boundsAddress + SLAB_ROWS * FLOAT_BYTES);
  }

  /**
   * What the similarity of each of `count` rows from `firstRow`, which begins a slab, to the probe taken does not exceed. A view
   * that is good until the next call.
   */
  bounds(firstRow: number, count: number, probe: QuantisedProbe): Float32Array {
    const rows = this.#imageAt(firstRow);
    this.#writeBounds(
      rows,
      rows + Math.ceil(count / ROWS_AT_ONCE) * ROWS_AT_ONCE * this.#width,
      this.#factAt(firstRow) * FLOAT_BYTES,
      this.#boundsAddress,
      probe.scale,
      probe.errorFactor,
      probe.normFactor,
    );
    const at = this.#boundsAddress / FLOAT_BYTES;
    return this.#floats.subarray(at, at + count);
  }

  /** How far below its bound the similarity of a row to the probe taken is at most. */
  slack(row: number, probe: QuantisedProbe): number {
    const fact = this.#factAt(row);
    return slackOf(this.#floats[fact + SLAB_ROWS] ?? 0, this.#floats[fact + 2 * SLAB_ROWS] ?? 0, probe);
  }

  /** The errors of rows of one slab; a view that is good until the next change. */
  errors(firstRow: number, count: number): Float32Array {
    const fact = this.#factAt(firstRow) + SLAB_ROWS;
    return this.#floats.subarray(fact, fact + count);
  }

  /** The norms of rows of one slab; a view that is good until the next change. */
  norms(firstRow: number, count: number): Float32Array {
    const fact = this.#factAt(firstRow) + 2 * SLAB_ROWS;
    return this.#floats.subarray(fact, fact + count);
  }

  /** The similarity of a row to `probe`, from their float32 values, summed in float64. */
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

  /** Index of the row's scale in `#floats`; its error and its norm are `SLAB_ROWS` and twice that further. */
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
