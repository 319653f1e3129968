import type { KeySlotParameters } from './key-provider.js';

/** Bytes as they are kept in the parameters of a key slot (base64, RFC 4648 section 4). */
export function toSlotText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * The bytes kept under `name`, `least` to `most` of them; undefined where there are none, or not as `toSlotText`
 * writes them. Parameters come out of a database that others may have written to.
 */
export function slotBytes(
  parameters: KeySlotParameters,
  name: string,
  least: number,
  most = least,
): Uint8Array | undefined {
  const text = parameters[name];
  // Four characters stand for three bytes.
  if (typeof text !== 'string' || text.length > Math.ceil(most / 3) * 4) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const isAsWritten = bytes.toString('base64') === text;
  return isAsWritten && bytes.length >= least && bytes.length <= most ? bytes : undefined;
}

/** The whole number kept under `name`, within the bounds; undefined where it is not. */
export function slotNumber(
  parameters: KeySlotParameters,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const value = parameters[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
  return value >= least && value <= most ? value : undefined;
}
