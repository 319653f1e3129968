import { wipe } from '../../../host/sodium.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';

/** Profiles are padded to a multiple of this before sealing, so that their length reveals little. */
const BLOCK_BYTES = 256;

/** Marks the end of the text; zeros follow (ISO/IEC 7816-4). */
const END_MARK = 0x80;

/** A profile as JSON, padded. The caller wipes it. */
export function encodeProfile(profile: PersonProfile): Uint8Array {
  const text = Buffer.from(JSON.stringify(profile), 'utf8');
  const padded = Buffer.alloc(Math.ceil((text.length + 1) / BLOCK_BYTES) * BLOCK_BYTES);
  text.copy(padded);
  padded[text.length] = END_MARK;
  wipe(text);
  return padded;
}

/** The inverse of `encodeProfile`. Only for bytes that were sealed, and so come from this program. */
export function decodeProfile(padded: Uint8Array): PersonProfile {
  const end = padded.lastIndexOf(END_MARK);
  return JSON.parse(Buffer.from(padded.buffer, padded.byteOffset, end).toString('utf8')) as PersonProfile;
}
