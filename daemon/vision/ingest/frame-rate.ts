import type { Clock } from '../../kernel/clock.js';
import { earlyPart, latePart } from '../../kernel/tracks/frame-schedule.js';

/**
 * What FFmpeg calculates for each decoded frame: 1 drops it. The rule is that of `takeFrame`, so that the pipeline takes what FFmpeg
 * picks: variable 0 is when the last frame was due. Variable 1 is the time of the last frame that passed, because FFmpeg asks twice
 * about some frames. A camera whose clock jumps, or that sends no time stamps, loses no frame. After its clock was set back, the next
 * frame is due one interval later, not when the clock is there again.
 */
function dropRule(fps: number): string {
  const intervalS = 1 / fps;
  const seconds = (intervals: number): string => (intervals * intervalS).toFixed(6);
  const dueNext = `min(t+${seconds(earlyPart)},max(ld(0)+${seconds(1)},t-${seconds(latePart)}))`;
  const isEarly = `between(t-ld(0),${seconds(-earlyPart)},${seconds(1 - earlyPart)})`;
  return `if(eq(t,ld(1)),0,if(${isEarly},1,0*st(0,${dueNext})*st(1,t)))`;
}

/**
 * A filter that passes `fps` frames a second on average, or all frames of a slower stream. Of so large a step, `framestep` passes no
 * frame that its `enable` covers. Unlike `select`, it takes another rule while it runs; unlike `fps`, it adds no delay and keeps
 * time stamps.
 */
export function rateFilter(fps: number): string {
  return `framestep=${2 ** 31 - 1}:enable=${dropRule(fps).replaceAll(',', String.raw`\,`)}`;
}

/** The slowest rate to ask for: the watchdog and the checks of the pictures need some frames a second. */
const slowestFps = 4;

/**
 * Tells a running FFmpeg how many frames a second to pass on, by commands on its standard input. An FFmpeg that refuses the first one
 * keeps the rate that it was started with; the later ones differ from it only in their numbers.
 */
export class FrameRate {
  readonly #fullFps: number;
  readonly #firstFps: number;
  readonly #send: (command: string) => void;
  #fps: number;
  #hasGraph = false;
  #isRefused = false;

  /** `send` writes to FFmpeg's standard input. `firstFps`: the rate of every new filter graph. */
  constructor(fullFps: number, send: (command: string) => void, firstFps = fullFps) {
    this.#fullFps = fullFps;
    this.#firstFps = firstFps;
    this.#fps = firstFps;
    this.#send = send;
  }

  /** Asks for `fps` frames a second, at most the full rate. */
  ask(fps: number): void {
    const wantedFps = Math.min(Math.max(fps, slowestFps), this.#fullFps);
    if (wantedFps === this.#fps) return;
    this.#fps = wantedFps;
    if (this.#hasGraph) this.#command();
  }

  /** FFmpeg made a filter graph, as it does at the start and when the stream changes. */
  graphMade(): void {
    this.#hasGraph = true;
    if (this.#fps !== this.#firstFps) this.#command();
  }

  /** FFmpeg answered a command with `code`, which is negative for a refusal. Returns whether this is the first refusal. */
  answered(code: number): boolean {
    if (code >= 0 || this.#isRefused) return false;
    this.#isRefused = true;
    return true;
  }

  /** One write of a whole line: FFmpeg would wait for the rest of a part of one. */
  #command(): void {
    if (!this.#isRefused) this.#send(`cframestep -1 enable ${dropRule(this.#fps)}\n`);
  }
}

/** Estimates how many frames FFmpeg left out because nobody asked for them. */
export class WithheldFrames {
  readonly #clock: Clock;
  #withheldFps = 0;
  #sinceMs: number;
  #frames = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  get count(): number {
    return Math.round(this.#frames + (this.#withheldFps * this.#elapsedMs) / 1000);
  }

  /** From now on `askedFps` are asked for of a stream of `streamFps`; undefined where that is not known. */
  ask(askedFps: number, streamFps: number | undefined): void {
    this.#frames += (this.#withheldFps * this.#elapsedMs) / 1000;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#withheldFps = Math.max(0, (streamFps ?? 0) - askedFps);
  }

  get #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#sinceMs;
  }
}
