/** Where a sealed value lives. A value opens only in the place it was sealed for. */
export interface FieldPlace {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
  /** What the row belongs to, outermost first: a child row names its person, a template also its recogniser. */
  readonly within: readonly string[];
}

const encoder = new TextEncoder();

const DOMAIN = 'rollcall gallery field';

/**
 * The associated data of a sealed field: a count, then every part with its length before it (32 bit,
 * big-endian, of the UTF-8 bytes), so that no two places share an encoding, wherever their texts are cut.
 */
export function encodePlace(formatVersion: number, keyId: string, place: FieldPlace): Uint8Array {
  const texts = [
    DOMAIN,
    String(formatVersion),
    keyId,
    place.table,
    place.column,
    place.rowId,
    ...place.within,
  ];
  const parts = texts.map((text) => encoder.encode(text));
  const encoded = new Uint8Array(parts.reduce((size, part) => size + 4 + part.length, 4));
  const view = new DataView(encoded.buffer);
  view.setUint32(0, parts.length);
  let offset = 4;
  for (const part of parts) {
    view.setUint32(offset, part.length);
    encoded.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return encoded;
}
