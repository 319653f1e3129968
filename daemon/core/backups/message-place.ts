/** The place of a message in a backup. */
export type MessagePlace =
  | { readonly kind: 'manifest'; readonly opening: Uint8Array }
  | { readonly kind: 'chunk'; readonly section: number; readonly chunk: number }
  | { readonly kind: 'closing'; readonly sectionCount: number };

/** Size of every chunk of a section except the last. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * The associated data of a message: one byte for its kind, then
 * - 0, manifest: the opening and the preamble of the file;
 * - 1, chunk: the number of the section (4 bytes) and of the chunk in it (8 bytes), both from 0;
 * - 2, closing: the number of sections (4 bytes).
 * Numbers are big-endian.
 */
export function encodeMessagePlace(place: MessagePlace): Uint8Array {
  switch (place.kind) {
    case 'manifest':
      return Buffer.concat([Buffer.from([0]), place.opening]);
    case 'chunk': {
      const bytes = Buffer.alloc(13);
      bytes.writeUInt8(1);
      bytes.writeUInt32BE(place.section, 1);
      bytes.writeBigUInt64BE(BigInt(place.chunk), 5);
      return bytes;
    }
    case 'closing': {
      const bytes = Buffer.alloc(5);
      bytes.writeUInt8(2);
      bytes.writeUInt32BE(place.sectionCount, 1);
      return bytes;
    }
  }
}
