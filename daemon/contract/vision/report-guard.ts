import type { Clock } from '../../kernel/clock.js';
import { samplesOf } from '../../kernel/liveness/openness-curve.js';
import { TokenBucket, type TokenBucketOptions } from '../../kernel/token-bucket.js';
import type { Report } from './vision-reports.js';
import { decodeCurve, type WireSighting } from './vision-sighting.js';

/**
 * Why the core rejects a report of a vision process. `protocol`: it is not a valid message, or too large. `camera`: the process
 * does not watch this camera. `time`: it is not about the present. `tracks`: too many open tracks, or a track of another camera.
 * `rate`: too many reports. `answer`: it answers no open request. `log`: too many log lines.
 */
export const refusals = ['protocol', 'camera', 'time', 'tracks', 'rate', 'answer', 'log'] as const;
export type Refusal = (typeof refusals)[number];

/** The most open tracks of one camera: more people than one picture can show large enough to follow. */
export const mostOpenTracks = 200;
/** Both processes read the same clock of the kernel. Allows for rounding and for the 1 ms steps that keep frames in order. */
const aheadMs = 1_000;
/** Longer than any stall that ends the tracks of a camera, and than a stopped core takes to run again. */
const agoMs = 10 * 60_000;
/** The greatest age of a requested picture by the wall clock, which may be set meanwhile. */
const snapshotAgoMs = 60_000;

/**
 * Limits for one camera, several times what a crowd causes. A frame gives at most one embedding, and one sighting per changed
 * face. All tracks end together when the stream ends.
 */
const cameraLimits = {
  sightings: { most: 500, everyMs: 10 },
  probes: { most: 1_000, everyMs: 16 },
  newTracks: { most: 300, everyMs: 250 },
  pictures: { most: 300, everyMs: 100 },
  states: { most: 60, everyMs: 500 },
  measurements: { most: 20, everyMs: 150 },
} as const satisfies Record<string, TokenBucketOptions>;
/** Limit for one process. It reports once a second, in several messages if it has very many cameras. */
const progressLimit: TokenBucketOptions = { most: 60, everyMs: 100 };

type CameraBuckets = Readonly<Record<keyof typeof cameraLimits, TokenBucket>>;

export interface JudgedReport {
  /** The accepted part of the report; absent if nothing is accepted. */
  readonly accepted?: Report;
  /** Why the rest is rejected. */
  readonly refused?: Refusal;
}

/**
 * Judges the reports of one vision process during its life. The process parses untrusted data and may be compromised. So the
 * core accepts only reports about the cameras of the process, about the present, and at a plausible rate. Remembers only open
 * tracks, at most `mostOpenTracks` per camera.
 */
export class ReportGuard {
  readonly #clock: Clock;
  readonly #own: { has(cameraId: string): boolean };
  readonly #startedAtMs: number;
  readonly #buckets = new Map<string, CameraBuckets>();
  readonly #progress: TokenBucket;
  /** The camera of each open track. */
  readonly #tracks = new Map<string, string>();
  #isReady = false;
  #hasChanged = false;

  /** `own`: the present cameras of the process. */
  constructor(clock: Clock, own: { has(cameraId: string): boolean }) {
    this.#clock = clock;
    this.#own = own;
    this.#startedAtMs = clock.monotonicMs();
    this.#progress = new TokenBucket(clock, progressLimit);
  }

  judge(report: Report): JudgedReport {
    switch (report.type) {
      case 'ready': {
        if (this.#isReady) return { refused: 'answer' };
        this.#isReady = true;
        return { accepted: report };
      }
      case 'provider-changed': {
        if (!this.#isReady || this.#hasChanged) return { refused: 'answer' };
        this.#hasChanged = true;
        return { accepted: report };
      }
      case 'progress':
        return this.#judgeProgress(report);
      case 'camera': {
        if (!this.#own.has(report.cameraId)) return { refused: 'camera' };
        return this.#of(report.cameraId).states.take() ? { accepted: report } : { refused: 'rate' };
      }
      case 'faces-in-sight': {
        if (!this.#own.has(report.cameraId)) return { refused: 'camera' };
        if (!this.#isSeen(report.capturedAtMs)) return { refused: 'time' };
        return this.#of(report.cameraId).measurements.take() ? { accepted: report } : { refused: 'rate' };
      }
      case 'sighting':
        return this.#judgeSighting(report);
      case 'snapshot':
        return this.#isTakenNow(report.result) ? { accepted: report } : { refused: 'time' };
      case 'clip-taken':
        return this.#isInOrder(report.result) ? { accepted: report } : { refused: 'time' };
      default:
        return { accepted: report };
    }
  }

  /** The process no longer watches this camera. */
  forgetCamera(cameraId: string): void {
    this.#buckets.delete(cameraId);
    for (const [track, camera] of this.#tracks) if (camera === cameraId) this.#tracks.delete(track);
  }

  #judgeProgress(report: Extract<Report, { type: 'progress' }>): JudgedReport {
    if (!this.#progress.take()) return { refused: 'rate' };
    const cameras = report.cameras.filter(({ id }) => this.#own.has(id));
    const isAllOwn = cameras.length === report.cameras.length;
    return { accepted: { ...report, cameras }, ...(isAllOwn ? {} : { refused: 'camera' }) };
  }

  #judgeSighting(report: Extract<Report, { type: 'sighting' }>): JudgedReport {
    const { sighting } = report;
    const { cameraId, trackId, isEnded, bestShot } = sighting;
    if (!this.#own.has(cameraId)) return { refused: 'camera' };
    if (!this.#isPlausiblyTimed(sighting)) return { refused: 'time' };
    const buckets = this.#of(cameraId);
    const isNew = !this.#tracks.has(trackId);
    if (!isNew && this.#tracks.get(trackId) !== cameraId) return { refused: 'tracks' };
    if (isNew && this.#openTracks(cameraId) >= mostOpenTracks) return { refused: 'tracks' };
    const isWithinRate =
      buckets.sightings.take() &&
      buckets.probes.take(sighting.probes.length) &&
      (!isNew || buckets.newTracks.take());
    if (!isWithinRate) return { refused: 'rate' };
    if (isEnded) this.#tracks.delete(trackId);
    else this.#tracks.set(trackId, cameraId);
    if (bestShot === undefined || buckets.pictures.take()) return { accepted: report };
    const { bestShot: _, ...withoutPicture } = sighting;
    return { accepted: { ...report, sighting: withoutPicture }, refused: 'rate' };
  }

  #openTracks(cameraId: string): number {
    let count = 0;
    for (const camera of this.#tracks.values()) if (camera === cameraId) count += 1;
    return count;
  }

  /** All times must lie between the start of the process and now. */
  #isPlausiblyTimed({
    firstSeenMs,
    lastSeenMs,
    probes,
    bestShot,
    liveness,
    openness,
  }: WireSighting): boolean {
    const nowMs = this.#clock.monotonicMs();
    const isSeen = (atMs: number): boolean => this.#isSeen(atMs);
    const { blinks, unboundBlinks, gestures, sameFaceMs } = liveness.evidence;
    const captured = [
      ...probes.map(({ capturedAtMs }) => capturedAtMs),
      ...[...blinks, ...unboundBlinks].map(({ atMs }) => atMs),
      ...gestures.flatMap(({ startMs, endMs }) => [startMs, endMs]),
      ...(sameFaceMs === undefined ? [] : [sameFaceMs]),
      ...(bestShot === undefined ? [] : [bestShot.capturedAtMs]),
      ...(openness === undefined ? [] : samplesOf(decodeCurve(openness)).map(({ atMs }) => atMs)),
    ];
    return (
      isSeen(firstSeenMs) &&
      isSeen(lastSeenMs) &&
      firstSeenMs <= lastSeenMs &&
      lastSeenMs >= nowMs - agoMs &&
      gestures.every(({ startMs, endMs }) => startMs <= endMs) &&
      captured.every(isSeen)
    );
  }

  /** Between the start of the process and now. */
  #isSeen(atMs: number): boolean {
    return atMs >= this.#startedAtMs && atMs <= this.#clock.monotonicMs() + aheadMs;
  }

  /** The frames of a clip follow each other. Whether they lie in the wanted time, the one who asked checks. */
  #isInOrder(result: Extract<Report, { type: 'clip-taken' }>['result']): boolean {
    if (result.outcome !== 'ok') return true;
    const times = result.frames.map(({ capturedAtMs }) => capturedAtMs);
    return times.every(
      (atMs, index) => this.#isSeen(atMs) && atMs > (times[index - 1] ?? Number.NEGATIVE_INFINITY),
    );
  }

  #isTakenNow(result: Extract<Report, { type: 'snapshot' }>['result']): boolean {
    if (result.outcome !== 'ok') return true;
    const agoByWallMs = this.#clock.wallMs() - result.takenAtMs;
    return agoByWallMs >= -aheadMs && agoByWallMs <= snapshotAgoMs;
  }

  #of(cameraId: string): CameraBuckets {
    const known = this.#buckets.get(cameraId);
    if (known !== undefined) return known;
    const bucket = (name: keyof typeof cameraLimits): TokenBucket =>
      new TokenBucket(this.#clock, cameraLimits[name]);
    const made: CameraBuckets = {
      sightings: bucket('sightings'),
      probes: bucket('probes'),
      newTracks: bucket('newTracks'),
      pictures: bucket('pictures'),
      states: bucket('states'),
      measurements: bucket('measurements'),
    };
    this.#buckets.set(cameraId, made);
    return made;
  }
}
