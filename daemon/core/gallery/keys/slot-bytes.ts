import type { KeySlotParameters } from './key-provider.js';

/** Encodes bytes for the parameters of a key slot (base64, RFC 4648 section 4). */
export function toSlotText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * The bytes under `name`, `least` to `most` of them; undefined if they are missing or malformed. An attacker may have written the
 * parameters.
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

/** The integer under `name`; undefined if it is missing or out of bounds. */
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
