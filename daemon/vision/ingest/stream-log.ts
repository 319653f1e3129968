import { DropOldestQueue } from '../../base/bounded-queue.js';
import { redactCredentials } from './camera-address.js';
import { type DamageSign, damageSignOf, parseLogLine } from './ffmpeg-log.js';
import type { StreamInfo } from './frame-source.js';
import type { Announcement } from './picture-assembler.js';

/** Lines kept to explain an end with; a damaged stream prints hundreds in a second. */
const keptLines = 40;
/** No camera offers so many. */
const mostMedia = 16;

/** Reads the log of one FFmpeg: announcements and signs of damage go on, the stream's description and the last complaints are kept. */
export class StreamLog {
  readonly #now: () => number;
  readonly #onAnnouncement: (announcement: Announcement) => void;
  readonly #onDamage: (sign: DamageSign) => void;
  readonly #complaints = new DropOldestQueue<string>(keptLines);
  #stream: (StreamInfo & { readonly isFullRange: boolean }) | undefined;
  #unitS = 0;
  readonly #media: string[] = [];
  #describedFps: number | null = null;
  #packetsRead: number | undefined;

  /** `now`: monotonic milliseconds. */
  constructor(
    now: () => number,
    onAnnouncement: (announcement: Announcement) => void,
    onDamage: (sign: DamageSign) => void = () => undefined,
  ) {
    this.#now = now;
    this.#onAnnouncement = onAnnouncement;
    this.#onDamage = onDamage;
  }

  /** Warnings and errors, oldest first, without credentials. */
  get complaints(): readonly string[] {
    return this.#complaints.toArray();
  }

  /** The stream as it was when it was opened. */
  get stream(): StreamInfo | undefined {
    if (this.#stream === undefined) return undefined;
    const { codec, widthPx, heightPx, fps } = this.#stream;
    return { codec, widthPx, heightPx, fps: fps ?? this.#describedFps };
  }

  /** What the camera offers (`video`, `audio`, …); undefined where it was never said. */
  get media(): readonly string[] | undefined {
    return this.#media.length === 0 ? undefined : this.#media;
  }

  /** Packets that arrived; undefined until the end, and where FFmpeg did not come to say it. */
  get packetsRead(): number | undefined {
    return this.#packetsRead;
  }

  read(text: string): void {
    const line = parseLogLine(text);
    switch (line.kind) {
      case 'frame':
        this.#onAnnouncement({
          ptsS: line.pts === undefined ? undefined : line.pts * this.#unitS,
          widthPx: line.widthPx,
          heightPx: line.heightPx,
          isFullRange: line.isFullRange || (this.#stream?.isFullRange ?? false),
          announcedAtMs: this.#now(),
        });
        return;
      case 'time-base':
        this.#unitS = line.unitS;
        return;
      case 'stream':
        // The output is described in the same words afterwards.
        this.#stream ??= line;
        return;
      case 'medium':
        if (this.#media.length < mostMedia) this.#media.push(line.medium);
        return;
      case 'rate':
        this.#describedFps = line.fps > 0 ? line.fps : null;
        return;
      case 'packets':
        this.#packetsRead = line.count;
        return;
      case 'message':
        this.#complaints.push(redactCredentials(line.text));
        this.#tellDamage(text);
        return;
      case 'chatter':
        return;
    }
  }
  #tellDamage(text: string): void {
    const sign = damageSignOf(text);
    if (sign !== undefined) this.#onDamage(sign);
  }
}
