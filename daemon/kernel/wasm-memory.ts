import type { RollcallError } from './errors.js';

/** The part of the WebAssembly JavaScript interface that is used here; the types of Node.js do not declare it. */
interface GrowingMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => GrowingMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: GrowingMemory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

const PAGE_BYTES = 65_536;
/** 4 GiB: the limit of 32-bit addresses. */
const MOST_PAGES = 65_536;

/**
 * Memory that WebAssembly code and this program share. `reserve` hands it out from the front. The engine reserves addresses for
 * the maximum size, so the memory grows in place: growth copies no template and leaves no copy behind.
 */
export class WasmMemory {
  readonly #memory: GrowingMemory;
  readonly #exhausted: (cause: unknown) => RollcallError;
  #usedBytes = 0;

  /**
   * @param exhausted what is thrown in place of the engine's error, which does not help an operator
   * @param mostPages largest size, in pages of 64 KiB
   * @throws the error of `exhausted`
   */
  constructor(exhausted: (cause: unknown) => RollcallError, mostPages = MOST_PAGES) {
    this.#exhausted = exhausted;
    this.#memory = this.#allocate(() => new WebAssembly.Memory({ initial: 1, maximum: mostPages }));
  }

  /** The whole memory. Valid until the next `reserve`. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  /**
   * Returns the address of `bytes` zero bytes, a multiple of 64.
   * @throws the error of `exhausted`
   */
  reserve(bytes: number): number {
    const address = this.#usedBytes;
    const end = address + Math.ceil(bytes / 64) * 64;
    const missing = end - this.buffer.byteLength;
    if (missing > 0) this.#allocate(() => this.#memory.grow(Math.ceil(missing / PAGE_BYTES)));
    this.#usedBytes = end;
    return address;
  }

  /** Overwrites everything with zeros. */
  wipe(): void {
    new Uint8Array(this.buffer).fill(0);
  }

  /** The function `name` of a WebAssembly module that imports its memory, working on this memory. */
  link(module: Uint8Array<ArrayBuffer>, name: string): (...parameters: number[]) => number {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {
      env: { memory: this.#memory },
    });
    return exports[name] as (...parameters: number[]) => number;
  }

  #allocate<T>(allocate: () => T): T {
    try {
      return allocate();
    } catch (error) {
      throw this.#exhausted(error);
    }
  }
}
