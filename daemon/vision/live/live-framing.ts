import type { LivePicture, LiveVideoPart } from '../../contract/live.js';

/** Bytes of a length: an unsigned number, big endian. */
const lengthBytes = 4;

/**
 * A picture or a part of a video on its way to the gate: the length of the message, and the message that viewers get, which is the
 * length of the JSON, the JSON and the JPEG or MP4.
 */
export function encodeLiveMessage(about: LivePicture | LiveVideoPart, media: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(about));
  const lengths = Buffer.allocUnsafe(2 * lengthBytes);
  lengths.writeUInt32BE(lengthBytes + json.length + media.length);
  lengths.writeUInt32BE(json.length, lengthBytes);
  return Buffer.concat([lengths, json, media]);
}
