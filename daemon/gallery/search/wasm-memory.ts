import { operational } from '../../base/errors.js';

/** The part of the WebAssembly JavaScript interface that is used here; the types of Node.js leave it out. */
interface GrowingMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => GrowingMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly host: { readonly memory: GrowingMemory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

const PAGE_BYTES = 65_536;
/** 4 GiB: what 32-bit addresses reach. */
const MOST_PAGES = 65_536;

/**
 * Memory that WebAssembly code and this program share, handed out piece by piece from the front. It grows in place, since the
 * engine reserves the addresses for all of it: nothing is ever copied, and no copy is left behind.
 */
export class WasmMemory {
  readonly #memory: GrowingMemory;
  #usedBytes = 0;

  /**
   * Of `mostPages` pages of 64 KiB at most.
   * @throws `search-memory-exhausted`
   */
  constructor(mostPages = MOST_PAGES) {
    this.#memory = translated(() => new WebAssembly.Memory({ initial: 1, maximum: mostPages }));
  }

  /** All of it. Good until the next `reserve`. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  /**
   * The address of `bytes` zeros, at a multiple of 64.
   * @throws `search-memory-exhausted`
   */
  reserve(bytes: number): number {
    const address = this.#usedBytes;
    const end = address + Math.ceil(bytes / 64) * 64;
    const missing = end - this.buffer.byteLength;
    if (missing > 0) translated(() => this.#memory.grow(Math.ceil(missing / PAGE_BYTES)));
    this.#usedBytes = end;
    return address;
  }

  /** Overwrites everything with zeros. */
  wipe(): void {
    new Uint8Array(this.buffer).fill(0);
  }

  /** The function of a module of `wasmModule`, working on this memory. */
  link(module: Uint8Array<ArrayBuffer>): (...parameters: number[]) => void {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {
      host: { memory: this.#memory },
    });
    return exports['run'] as (...parameters: number[]) => void;
  }
}

/** What the engine throws says nothing to whoever runs the box. */
function translated<T>(allocate: () => T): T {
  try {
    return allocate();
  } catch (error) {
    throw operational('search-memory-exhausted', 'there is no memory for the templates that are searched', {
      cause: error,
      remedy: 'Give the daemon more memory, and no limit on its address space (LimitAS, ulimit -v).',
    });
  }
}
