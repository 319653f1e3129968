import type { LiveVideoPart } from '../../../../contract/live.js';
import type { LiveMessage } from './live-connection.js';

/** Parts that wait for the browser, beyond which it is too slow for the video. */
const mostWaiting = 200;
/** What was shown is forgotten after so long, seconds. */
const keptS = 10;
/** The player runs faster when it is so far behind the newest part, and jumps when it is so far behind, seconds. */
const hurriesFromS = 0.7;
const jumpsFromS = 3;
const hurriedRate = 1.15;
/** How far behind the newest part it begins, seconds: parts come at intervals. */
const beginsBehindS = 0.25;

/** An iPhone has Media Source by another name only, which the types of this compiler lack. */
function mediaSource(): typeof MediaSource | undefined {
  const given = globalThis as { MediaSource?: typeof MediaSource; ManagedMediaSource?: typeof MediaSource };
  return given.MediaSource ?? given.ManagedMediaSource;
}

/** Feeds an element with the parts of a video, and keeps it near the newest one. */
export class SmoothPlayer implements Disposable {
  readonly #video: HTMLVideoElement;
  readonly #onUnplayable: () => void;
  #address: string | undefined;
  #buffer: SourceBuffer | undefined;
  #waiting: Uint8Array<ArrayBuffer>[] = [];

  /** `onUnplayable`: this browser cannot play it. */
  constructor(video: HTMLVideoElement, onUnplayable: () => void) {
    this.#video = video;
    this.#onUnplayable = onUnplayable;
  }

  take({ about: { mediaType }, media }: LiveMessage<LiveVideoPart>): void {
    if (mediaType !== undefined) this.#begin(mediaType);
    this.#waiting.push(media);
    if (this.#waiting.length > mostWaiting) this.#onUnplayable();
    else this.#append();
  }

  [Symbol.dispose](): void {
    this.#waiting = [];
    this.#buffer = undefined;
    this.#video.removeAttribute('src');
    this.#video.load();
    if (this.#address !== undefined) URL.revokeObjectURL(this.#address);
    this.#address = undefined;
  }

  /** A connection begins with what a player needs first. */
  #begin(mediaType: string): void {
    this[Symbol.dispose]();
    const Source = mediaSource();
    if (Source?.isTypeSupported(mediaType) !== true) {
      this.#onUnplayable();
      return;
    }
    const source = new Source();
    // The one of an iPhone opens only where the video cannot be sent to another screen.
    this.#video.disableRemotePlayback = true;
    this.#address = URL.createObjectURL(source);
    this.#video.src = this.#address;
    source.addEventListener(
      'sourceopen',
      () => {
        const buffer = source.addSourceBuffer(mediaType);
        buffer.addEventListener('updateend', () => this.#updated());
        this.#buffer = buffer;
        this.#append();
      },
      { once: true },
    );
  }

  #append(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || buffer.updating) return;
    const part = this.#waiting.shift();
    if (part === undefined) return;
    try {
      buffer.appendBuffer(part);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // The element has failed, for instance on pictures that it cannot decode.
      this.#onUnplayable();
    }
  }

  #updated(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    this.#catchUp(buffer.buffered);
    const { currentTime } = this.#video;
    const isOld = buffer.buffered.length > 0 && buffer.buffered.start(0) < currentTime - 2 * keptS;
    if (isOld && !buffer.updating) buffer.remove(0, currentTime - keptS);
    else this.#append();
  }

  /** Live pictures stay near the present: slowly where that is enough, by a jump after a pause. */
  #catchUp(buffered: TimeRanges): void {
    const video = this.#video;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    const behindS = buffered.end(last) - video.currentTime;
    if (behindS > jumpsFromS || video.currentTime < buffered.start(last)) {
      video.currentTime = Math.max(buffered.start(last), buffered.end(last) - beginsBehindS);
    }
    video.playbackRate = behindS > hurriesFromS ? hurriedRate : 1;
    // It may be paused by the browser to save power; the next part tries again.
    if (video.paused) video.play().catch(() => undefined);
  }
}
