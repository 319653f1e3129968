import type { LivePicture } from '../../../../contract/live.js';

/** Bytes of the length before the JSON (docs/live-pictures.md). */
const headerBytes = 4;

/** A picture and what the box found in it. */
export interface LiveMessage {
  readonly about: LivePicture;
  readonly jpeg: Blob;
}

/** Takes a message of the gate apart. The gate has checked its form. */
export function readLiveMessage(message: ArrayBuffer): LiveMessage {
  const end = headerBytes + new DataView(message).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(message, headerBytes, end - headerBytes));
  return {
    about: JSON.parse(text) as LivePicture,
    jpeg: new Blob([new Uint8Array(message, end)], { type: 'image/jpeg' }),
  };
}
