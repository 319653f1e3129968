/** The place of a sealed value. A value opens only in the place for which it was sealed. */
export interface FieldPlace {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
  /** The owners of the row, outermost first: a child row names its person, a template also its recogniser. */
  readonly within: readonly string[];
}

const DOMAIN = 'rollcall gallery field';

/**
 * The associated data of a sealed field: the number of parts, then each part after its length in UTF-8 bytes (32 bits,
 * big-endian). The lengths make the encoding of every place unique.
 */
export function encodePlace(formatVersion: number, keyId: string, place: FieldPlace): Uint8Array {
  const parts = [
    DOMAIN,
    String(formatVersion),
    keyId,
    place.table,
    place.column,
    place.rowId,
    ...place.within,
  ];
  const encoded = Buffer.allocUnsafe(parts.reduce((size, part) => size + 4 + Buffer.byteLength(part), 4));
  let offset = encoded.writeUInt32BE(parts.length);
  for (const part of parts) {
    const size = encoded.write(part, offset + 4);
    encoded.writeUInt32BE(size, offset);
    offset += 4 + size;
  }
  return encoded;
}
