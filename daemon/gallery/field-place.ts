/** Where a sealed value lives. A value opens only in the place it was sealed for. */
export interface FieldPlace {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
  /** What the row belongs to, outermost first: a child row names its person, a template also its recogniser. */
  readonly within: readonly string[];
}

const DOMAIN = 'rollcall gallery field';

/**
 * The associated data of a sealed field: a count, then every part with its length before it (32 bit, big-endian, of the
 * UTF-8 bytes), so that no two places share an encoding, wherever their texts are cut.
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
