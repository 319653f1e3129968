// Writes WebAssembly: as much of the binary format (WebAssembly Core Specification 2.0, chapter 5) as one function with
// vector instructions needs. Code is a list of bytes; an operation's operands stand before it, as on the stack.

export type Code = readonly number[];
export type ValueType = 'i32' | 'f32' | 'v128';

const TYPE_BYTES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const VECTOR_PREFIX = 0xfd;

/** LEB128, unsigned. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

/** LEB128, signed; `value` is a 32-bit integer. */
export function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -0x40 || rest > 0x3f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}

const vector = (operation: number, ...operands: Code[]): Code => [
  ...operands.flat(),
  VECTOR_PREFIX,
  ...unsigned(operation),
];
/** Alignment is a hint, given in powers of two; an unaligned address works as well. */
const at = (alignment: number, offset: number): Code => [alignment, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const constant = (value: number): Code => [0x41, ...signed(value)];
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
/** Whether the address `a` is below `b`: 1 or 0. */
export const isBelow = (a: Code, b: Code): Code => [...a, ...b, 0x49];
/** Runs `body`, and again as long as `condition`, which comes after it, is not zero. */
export const repeatWhile = (condition: Code, body: Code): Code => [
  ...[0x03, 0x40],
  ...body,
  ...condition,
  ...[0x0d, 0x00],
  0x0b,
];

export const loadVector = (address: Code, offset = 0): Code => [...vector(0, address), ...at(4, offset)];
/** Eight int8 values as eight int16. */
export const loadInt8x8 = (address: Code, offset = 0): Code => [...vector(1, address), ...at(3, offset)];
export const storeVector = (address: Code, value: Code, offset = 0): Code => [
  ...vector(11, address, value),
  ...at(4, offset),
];
/** Four 32-bit lanes, chosen by number: 0 to 3 those of `a`, 4 to 7 those of `b`. */
export const pick = (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code => [
  ...vector(13, a, b),
  ...lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]),
];
export const splatFloat = (value: Code): Code => vector(19, value);
export const addInt32 = (a: Code, b: Code): Code => vector(174, a, b);
/** Products of int16 lanes, added in pairs: four int32. */
export const dotInt16 = (a: Code, b: Code): Code => vector(186, a, b);
export const addFloat = (a: Code, b: Code): Code => vector(228, a, b);
export const multiplyFloat = (a: Code, b: Code): Code => vector(230, a, b);
export const floatOfInt32 = (a: Code): Code => vector(250, a);

/** The four sums over the lanes of four vectors, as one vector; `plus` adds two vectors. */
export function sumsOfLanes(
  [a, b, c, d]: readonly [Code, Code, Code, Code],
  plus: (a: Code, b: Code) => Code,
  [first, second]: readonly [number, number],
): Code {
  const halves = (x: Code, y: Code): Code => plus(pick(x, y, [0, 4, 1, 5]), pick(x, y, [2, 6, 3, 7]));
  return [
    ...set(first, halves(a, b)),
    ...set(second, halves(c, d)),
    ...plus(pick(get(first), get(second), [0, 1, 4, 5]), pick(get(first), get(second), [2, 3, 6, 7])),
  ];
}

export interface WasmFunction {
  readonly parameters: readonly ValueType[];
  /** Locals, numbered on from the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** A module of one function without a result, exported as `run`, over the memory imported as `host.memory`. */
export function wasmModule({ parameters, locals, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const typed = (types: readonly ValueType[]): Code => [
    ...unsigned(types.length),
    ...types.map((type) => TYPE_BYTES[type]),
  ];
  const declared = locals.flatMap((type) => [1, TYPE_BYTES[type]]);
  const code = [...unsigned(locals.length), ...declared, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, ...typed(parameters), 0]),
    ...section(2, [1, ...name('host'), ...name('memory'), 0x02, 0x00, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0x00, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}
