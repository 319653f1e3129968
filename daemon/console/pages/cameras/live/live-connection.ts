/** How a connection ended, as the browser tells it. */
export interface LiveEnd {
  /** False: the box did not open it. The browser does not tell the page why. */
  readonly wasOpen: boolean;
  /** Whether a message came. */
  readonly hasBegun: boolean;
  readonly code: number;
  readonly reason: string;
}

/** Why no pictures come. */
const liveTroubles = [
  'refused',
  'interrupted',
  'slow',
  'misbehaving',
  'logged-out',
  'forbidden',
  'failed',
  'no-video',
] as const;
export type LiveTrouble = (typeof liveTroubles)[number];

interface LiveVerdict {
  readonly trouble: LiveTrouble;
  /** When to open it again; absent where this is no use. */
  readonly retryMs?: number;
}

const soonMs = 3000;
/** Each try counts against the limit of the account, which is 30 streams a minute unless configured otherwise. */
const refusedAgainMs = 8000;
const laterMs = 15_000;

/** What was tried in a row. */
interface Tries {
  readonly what: 'live' | 'video';
  /** How often the box did not open it. A stream of this account that is just ending is the usual reason of the first. */
  readonly refusals: number;
  /** How often it ended without a message. */
  readonly empty: number;
}

/** A camera that gives no second stream is not asked for one again and again. */
const mostEmpty = 2;

/** What the end of a connection means, by the table of docs/reference/live-pictures.md. */
export function judgeLiveEnd(
  { wasOpen, code, reason }: LiveEnd,
  { what, refusals, empty }: Tries,
): LiveVerdict {
  if (!wasOpen) return { trouble: 'refused', retryMs: refusals > 1 ? refusedAgainMs : soonMs };
  if (code === 1008) return { trouble: reason === 'unauthenticated' ? 'logged-out' : 'forbidden' };
  if (code === 1011) return { trouble: 'misbehaving', retryMs: laterMs };
  if (what === 'video' && code === 1012 && empty >= mostEmpty) return { trouble: 'no-video' };
  if (code === 1013) return { trouble: 'slow', retryMs: soonMs };
  if (code === 1012 || code === 1006 || code === 1001) return { trouble: 'interrupted', retryMs: soonMs };
  return { trouble: 'failed' };
}

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
