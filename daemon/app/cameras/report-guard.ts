import { Allowance, type AllowanceOptions } from '../../base/allowance.js';
import type { Clock } from '../../base/clock.js';
import type { Report, WireSighting } from '../../vision/protocol.js';

/**
 * Why the core does not believe what a vision process says. `protocol`: it is no message of the protocol, or too large.
 * `camera`: it is about a camera that the process was not given. `time`: it tells of another time than now. `tracks`: too many
 * open tracks, or a track of another camera. `rate`: too much in too short a time. `answer`: nobody asked, or it was said
 * before. `log`: lines of its log beyond what is taken.
 */
export const refusals = ['protocol', 'camera', 'time', 'tracks', 'rate', 'answer', 'log'] as const;
export type Refusal = (typeof refusals)[number];

/** Tracks of one camera that are open at once: more people than one picture can show well enough to follow. */
export const mostOpenTracks = 200;
/** Both clocks are one clock of the kernel; rounding and steps of 1 ms that keep the order of frames. */
const aheadMs = 1_000;
/** Longer than any stall after which the tracks of a camera are ended, and than a core that was stopped waits for its turn. */
const agoMs = 10 * 60_000;
/** When a picture was taken that was asked for now, by the wall clock, which may be set meanwhile. */
const snapshotAgoMs = 60_000;

/**
 * What one camera may say, several times what it says in front of a crowd: a frame gives one embedding at most and a sighting
 * for each face about which something changed; all tracks end at once when its stream ends.
 */
const cameraLimits = {
  sightings: { most: 500, everyMs: 10 },
  probes: { most: 1_000, everyMs: 16 },
  newTracks: { most: 300, everyMs: 250 },
  pictures: { most: 300, everyMs: 100 },
  states: { most: 60, everyMs: 500 },
} as const satisfies Record<string, AllowanceOptions>;
/** Of one process: once a second, in several parts where it has very many cameras. */
const progressLimit: AllowanceOptions = { most: 60, everyMs: 100 };

type CameraAllowances = Readonly<Record<keyof typeof cameraLimits, Allowance>>;

export interface Judged {
  /** What of it may be believed; absent: nothing. */
  readonly believed?: Report;
  /** Why the rest may not. */
  readonly refused?: Refusal;
}

/**
 * Judges what one vision process says, for as long as that process lives. It parses what strangers send, so it is believed
 * about the cameras it was given, about now, and at a rate at which things happen in front of cameras. Remembers nothing but its
 * open tracks, of which there are `mostOpenTracks` a camera.
 */
export class ReportGuard {
  readonly #clock: Clock;
  readonly #own: { has(cameraId: string): boolean };
  readonly #startedAtMs: number;
  readonly #allowances = new Map<string, CameraAllowances>();
  readonly #progress: Allowance;
  /** The camera of each open track. */
  readonly #tracks = new Map<string, string>();
  #isReady = false;

  /** `own`: the cameras it was given, now. */
  constructor(clock: Clock, own: { has(cameraId: string): boolean }) {
    this.#clock = clock;
    this.#own = own;
    this.#startedAtMs = clock.monotonicMs();
    this.#progress = new Allowance(clock, progressLimit);
  }

  judge(report: Report): Judged {
    switch (report.type) {
      case 'ready': {
        if (this.#isReady) return { refused: 'answer' };
        this.#isReady = true;
        return { believed: report };
      }
      case 'progress':
        return this.#judgeProgress(report);
      case 'camera': {
        if (!this.#own.has(report.cameraId)) return { refused: 'camera' };
        return this.#of(report.cameraId).states.take() ? { believed: report } : { refused: 'rate' };
      }
      case 'sighting':
        return this.#judgeSighting(report);
      case 'snapshot':
        return this.#isTakenNow(report.result) ? { believed: report } : { refused: 'time' };
      default:
        return { believed: report };
    }
  }

  /** The process does not look at this camera any more. */
  forgetCamera(cameraId: string): void {
    this.#allowances.delete(cameraId);
    for (const [track, camera] of this.#tracks) if (camera === cameraId) this.#tracks.delete(track);
  }

  #judgeProgress(report: Extract<Report, { type: 'progress' }>): Judged {
    if (!this.#progress.take()) return { refused: 'rate' };
    const cameras = report.cameras.filter(({ id }) => this.#own.has(id));
    const isAllOwn = cameras.length === report.cameras.length;
    return { believed: { ...report, cameras }, ...(isAllOwn ? {} : { refused: 'camera' }) };
  }

  #judgeSighting(report: Extract<Report, { type: 'sighting' }>): Judged {
    const { sighting } = report;
    const { cameraId, trackId, isEnded, bestShot } = sighting;
    if (!this.#own.has(cameraId)) return { refused: 'camera' };
    if (!this.#isPlausiblyTimed(sighting)) return { refused: 'time' };
    const allowances = this.#of(cameraId);
    const isNew = !this.#tracks.has(trackId);
    if (!isNew && this.#tracks.get(trackId) !== cameraId) return { refused: 'tracks' };
    if (isNew && this.#openTracks(cameraId) >= mostOpenTracks) return { refused: 'tracks' };
    const isWithinRate =
      allowances.sightings.take() &&
      allowances.probes.take(sighting.probes.length) &&
      (!isNew || allowances.newTracks.take());
    if (!isWithinRate) return { refused: 'rate' };
    if (isEnded) this.#tracks.delete(trackId);
    else this.#tracks.set(trackId, cameraId);
    if (bestShot === undefined || allowances.pictures.take()) return { believed: report };
    const { bestShot: _, ...withoutPicture } = sighting;
    return { believed: { ...report, sighting: withoutPicture }, refused: 'rate' };
  }

  #openTracks(cameraId: string): number {
    let count = 0;
    for (const camera of this.#tracks.values()) if (camera === cameraId) count += 1;
    return count;
  }

  /** Nothing was seen before the process was started, and nothing that is told now will be seen later. */
  #isPlausiblyTimed({ firstSeenMs, lastSeenMs, probes, bestShot, liveness }: WireSighting): boolean {
    const nowMs = this.#clock.monotonicMs();
    const isSeen = (atMs: number): boolean => atMs >= this.#startedAtMs && atMs <= nowMs + aheadMs;
    const { blinks, unboundBlinks, gestures, sameFaceMs } = liveness.evidence;
    const captured = [
      ...probes.map(({ capturedAtMs }) => capturedAtMs),
      ...[...blinks, ...unboundBlinks].map(({ atMs }) => atMs),
      ...gestures.flatMap(({ startMs, endMs }) => [startMs, endMs]),
      ...(sameFaceMs === undefined ? [] : [sameFaceMs]),
      ...(bestShot === undefined ? [] : [bestShot.capturedAtMs]),
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

  #isTakenNow(result: Extract<Report, { type: 'snapshot' }>['result']): boolean {
    if (result.outcome !== 'ok') return true;
    const agoByWallMs = this.#clock.wallMs() - result.takenAtMs;
    return agoByWallMs >= -aheadMs && agoByWallMs <= snapshotAgoMs;
  }

  #of(cameraId: string): CameraAllowances {
    const known = this.#allowances.get(cameraId);
    if (known !== undefined) return known;
    const allowance = (name: keyof typeof cameraLimits): Allowance =>
      new Allowance(this.#clock, cameraLimits[name]);
    const made: CameraAllowances = {
      sightings: allowance('sightings'),
      probes: allowance('probes'),
      newTracks: allowance('newTracks'),
      pictures: allowance('pictures'),
      states: allowance('states'),
    };
    this.#allowances.set(cameraId, made);
    return made;
  }
}
