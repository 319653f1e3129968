/** Bytes of the length before the JSON (docs/reference/live-pictures.md). */
const headerBytes = 4;

/** A picture or a part of a video, and what the box says about it. */
export interface LiveMessage<About> {
  readonly about: About;
  readonly media: Uint8Array<ArrayBuffer>;
}

/** Takes a message of the gate apart. The gate has checked its form. */
export function readLiveMessage<About>(message: ArrayBuffer): LiveMessage<About> {
  const end = headerBytes + new DataView(message).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(message, headerBytes, end - headerBytes));
  return { about: JSON.parse(text) as About, media: new Uint8Array(message, end) };
}
