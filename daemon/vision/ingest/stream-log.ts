import { DropOldestQueue } from '../../kernel/bounded-queue.js';
import { redactCredentials } from './camera-address.js';
import { type DamageSign, damageSignOf, parseLogLine } from './ffmpeg-log.js';
import type { DeclaredStream } from './frame-source.js';
import type { Announcement } from './picture-assembler.js';

/** Warnings and errors that are kept; a damaged stream prints hundreds a second. */
const keptLines = 40;
/** Most media that are kept; no camera offers that many. */
const mostMedia = 16;

interface StreamLogOptions {
  /** Monotonic milliseconds. */
  now(): number;
  onAnnouncement(announcement: Announcement): void;
  onDamage?(sign: DamageSign): void;
  /** FFmpeg made a filter graph. */
  onGraph?(): void;
  /** FFmpeg answered a command, see `FrameRate.answered`. */
  onAnswer?(code: number): void;
}

/** Reads the log of one FFmpeg process: passes on announcements and signs of damage, keeps the stream's description and the last warnings. */
export class StreamLog {
  readonly #options: StreamLogOptions;
  readonly #complaints = new DropOldestQueue<string>(keptLines);
  #stream: (DeclaredStream & { readonly isFullRange: boolean }) | undefined;
  #unitS = 0;
  readonly #media: string[] = [];
  #describedFps: number | null = null;
  #packetsRead: number | undefined;

  constructor(options: StreamLogOptions) {
    this.#options = options;
  }

  /** Warnings and errors, oldest first, without credentials. */
  get complaints(): readonly string[] {
    return this.#complaints.toArray();
  }

  /** The stream as FFmpeg described it at the beginning. */
  get stream(): DeclaredStream | undefined {
    if (this.#stream === undefined) return undefined;
    const { codec, widthPx, heightPx, fps } = this.#stream;
    return { codec, widthPx, heightPx, fps: fps ?? this.#describedFps };
  }

  /** The media that the camera offers (`video`, `audio`, …); undefined where FFmpeg logged none. */
  get media(): readonly string[] | undefined {
    return this.#media.length === 0 ? undefined : this.#media;
  }

  /** Packets that arrived. FFmpeg logs it at the end; undefined before, and where FFmpeg was killed. */
  get packetsRead(): number | undefined {
    return this.#packetsRead;
  }

  read(text: string): void {
    const line = parseLogLine(text);
    switch (line.kind) {
      case 'frame':
        this.#options.onAnnouncement({
          ptsS: line.pts === undefined ? undefined : line.pts * this.#unitS,
          widthPx: line.widthPx,
          heightPx: line.heightPx,
          isFullRange: line.isFullRange || (this.#stream?.isFullRange ?? false),
          announcedAtMs: this.#options.now(),
        });
        return;
      case 'time-base':
        this.#unitS = line.unitS;
        this.#options.onGraph?.();
        return;
      case 'answer':
        this.#options.onAnswer?.(line.code);
        return;
      case 'stream':
        // The first description is the input's; the output's follows in the same form.
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
    if (sign !== undefined) this.#options.onDamage?.(sign);
  }
}
