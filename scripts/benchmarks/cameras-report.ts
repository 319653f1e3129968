import type { BoxStatus } from '../../daemon/contract/status.js';
import { type Crowd, crowdsOf, type Moment, works } from './cameras-account.js';
import type { Part, Usage } from './cameras-usage.js';
import { quantile } from './measuring.js';

/** An event at the subscriber: how long after the capture of the frame that decided it. */
export interface Arrival {
  readonly type: string;
  readonly afterMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly status: BoxStatus;
  readonly usage: Readonly<Record<Part, Usage>>;
  /** Processor time of the whole machine. */
  readonly busyMs: number;
}

export interface Measured {
  readonly before: Sample;
  readonly after: Sample;
  /** From the first to the last, about one a second. */
  readonly moments: readonly Moment[];
  readonly arrivals: readonly Arrival[];
  /** What each camera sends. */
  readonly framesPerS: number;
}

/** Frames a second of one camera. */
interface CameraFigures {
  readonly id: string;
  readonly state: string;
  readonly analysed: number;
  /** The rules did not ask for them. */
  readonly notDue: number;
  /** A newer frame came while the analysis was busy. */
  readonly late: number;
  /** No buffer was free. */
  readonly busy: number;
  /** They were too old when they were complete. */
  readonly stale: number;
  /** The camera sent them, and they never left FFmpeg. With a substream: while they were wanted, no decoder got them. */
  readonly undecoded: number;
  /** How often a decoder was started, a minute. */
  readonly decoderStarts: number;
  /** Share of the time in which frames were wanted. */
  readonly decodedShare: number;
  /** How long a decoder took on average from its start, or its wait for a turn, until it had caught up, milliseconds. */
  readonly wakingMs: number;
  /** What should have been analysed. Undecoded frames count with the share of all others that was due, or all if none came. */
  readonly due: number;
  /** Of the frames that were due, those that were not analysed. */
  readonly lostShare: number;
  readonly openings: number;
}

/** What a measurement shows. */
export interface CamerasFigures {
  readonly seconds: number;
  readonly visionProcesses: number;
  readonly cameras: readonly CameraFigures[];
  /** Of all due frames of all cameras. */
  readonly lostShare: number;
  /** Share of its due frames that the least served camera got, over that of the most served one. 1 is fair. */
  readonly evenness: number;
  readonly failed: readonly string[];
  readonly parts: readonly { part: Part; processes: number; cores: number; memoryMiB: number }[];
  /** Where the time went, by how many main streams were decoded. */
  readonly crowds: readonly Crowd[];
  /** Cores that everything else on this machine used. */
  readonly otherCores: number;
  readonly stages: readonly { stage: string; meanMs: number; runsPerS: number }[];
  readonly latencies: readonly { type: string; count: number; quantilesMs: readonly number[] }[];
  readonly coreEventLoop: BoxStatus['eventLoop'];
}

const quantiles = [0.5, 0.9, 0.99, 1];
const stages = ['detect', 'locate', 'assess', 'embed', 'passive', 'bestShot'];

export function figuresOf(measured: Measured): CamerasFigures {
  const { before, after } = measured;
  const cameras = camerasOf(measured);
  const served = cameras.map(({ lostShare }) => 1 - lostShare);
  const due = cameras.reduce((sum, camera) => sum + camera.due, 0);
  const parts = partsOf(measured);
  const ourCores = parts.reduce((sum, { cores }) => sum + cores, 0);
  const elapsedMs = after.atMs - before.atMs;
  return {
    seconds: elapsedMs / 1000,
    visionProcesses: after.status.vision.length,
    cameras,
    lostShare: cameras.reduce((sum, camera) => sum + camera.lostShare * camera.due, 0) / due,
    evenness: Math.min(...served) / Math.max(...served),
    failed: cameras.filter(({ state }) => state === 'failed').map(({ id }) => id),
    parts,
    crowds: crowdsOf(measured.moments),
    otherCores: (after.busyMs - before.busyMs) / elapsedMs - ourCores,
    stages: stages.map((stage) => ({ stage, ...stageOf(measured, stage) })),
    latencies: latenciesOf(measured),
    coreEventLoop: after.status.eventLoop,
  };
}

function camerasOf({ before, after, framesPerS }: Measured): readonly CameraFigures[] {
  const seconds = (after.atMs - before.atMs) / 1000;
  return after.status.cameras.map(({ id, state, counters }) => {
    const earlier = before.status.cameras.find((camera) => camera.id === id)?.counters ?? {};
    const grown = (name: string): number => (counters[name] ?? 0) - (earlier[name] ?? 0);
    const perS = (name: string): number => grown(name) / seconds;
    const [analysed, notDue] = [perS('analysed'), perS('skipped') + perS('withheld')];
    const [late, busy, stale] = [perS('droppedLate'), perS('droppedBusy'), perS('droppedStale')];
    const seen = analysed + notDue + late + busy + stale;
    // A camera with a substream is decoded a part of the time, and counts itself what it missed of that.
    const isResting = counters['decodingMs'] !== undefined;
    const decodedShare = isResting ? perS('decodingMs') / 1000 : 1;
    const undecoded = isResting ? perS('missed') : Math.max(0, framesPerS - seen);
    const seenDue = analysed + late + busy + stale;
    const due = seenDue + undecoded * (seen > 0 ? seenDue / seen : 1);
    return {
      ...{ id, state, analysed, notDue, late, busy, stale, undecoded, due, decodedShare },
      decoderStarts: 60 * perS('decoderStarts'),
      wakingMs: grown('decoderStarts') === 0 ? 0 : grown('wakingMs') / grown('decoderStarts'),
      lostShare: due > 0 ? 1 - analysed / due : 0,
      openings: grown('restarts'),
    };
  });
}

function partsOf({ before, after }: Measured): CamerasFigures['parts'] {
  const elapsedMs = after.atMs - before.atMs;
  return (Object.keys(after.usage) as Part[]).map((part) => {
    const { processes, cpuMs, memoryMiB } = after.usage[part];
    return { part, processes, cores: (cpuMs - before.usage[part].cpuMs) / elapsedMs, memoryMiB };
  });
}

/** The mean time of a stage over all cameras, and how often it ran. */
function stageOf(
  { before, after }: Measured,
  stage: string,
): { readonly meanMs: number; readonly runsPerS: number } {
  const sum = ({ status }: Sample, name: string): number =>
    status.cameras.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
  const grown = (name: string): number => sum(after, name) - sum(before, name);
  const runs = grown(`${stage}Count`);
  return {
    meanMs: runs === 0 ? 0 : grown(`${stage}Ms`) / runs,
    runsPerS: runs / ((after.atMs - before.atMs) / 1000),
  };
}

function latenciesOf({ arrivals }: Measured): CamerasFigures['latencies'] {
  return [...new Set(arrivals.map(({ type }) => type))].sort().map((type) => {
    const times = arrivals.filter((arrival) => arrival.type === type).map(({ afterMs }) => afterMs);
    return { type, count: times.length, quantilesMs: quantiles.map((share) => quantile(times, share)) };
  });
}

function printRows(head: readonly string[], lines: readonly (readonly (string | number)[])[]): void {
  for (const line of [head, ...lines]) {
    const cells = line.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell));
    const [first = '', ...others] = cells;
    console.log(first.padEnd(36) + others.map((cell) => cell.padStart(14)).join(''));
  }
  console.log('');
}

export function printFigures(figures: CamerasFigures): void {
  const { cameras, parts, latencies, coreEventLoop, failed, otherCores } = figures;
  console.log(
    `${figures.seconds.toFixed(0)} s, ${cameras.length} cameras, ${figures.visionProcesses} vision processes\n`,
  );
  printRows(
    [
      'frames a second',
      'analysed',
      'not due',
      'late',
      'no buffer',
      'stale',
      'undecoded',
      'lost %',
      'decoded %',
      'starts a min',
      'waking ms',
      'openings',
    ],
    cameras.map((c) => [
      `${c.id}${c.state === 'streaming' ? '' : ` (${c.state})`}`,
      ...[
        c.analysed,
        c.notDue,
        c.late,
        c.busy,
        c.stale,
        c.undecoded,
        100 * c.lostShare,
        100 * c.decodedShare,
      ],
      c.decoderStarts,
      c.wakingMs,
      String(c.openings),
    ]),
  );
  printRows(
    ['part', 'processes', 'cores', 'MiB'],
    parts.map((part) => [part.part, String(part.processes), part.cores, part.memoryMiB]),
  );
  printRows(
    ['main streams that are decoded', 'seconds', 'analysed/s', 'lost/s', ...works],
    figures.crowds.map(({ decoded, seconds, analysed, lost, cores }) => [
      ...[String(decoded), seconds, analysed, lost],
      ...works.map((work) => cores[work]),
    ]),
  );
  printRows(
    ['stage', 'mean ms', 'runs a second'],
    figures.stages.map(({ stage, meanMs, runsPerS }) => [stage, meanMs, runsPerS]),
  );
  printRows(
    ['event', 'count', 'median ms', '90 %', '99 %', 'slowest'],
    latencies.map(({ type, count, quantilesMs }) => [type, String(count), ...quantilesMs]),
  );
  console.log(`lost of all due frames: ${(100 * figures.lostShare).toFixed(1)} %`);
  console.log(`evenness (least served / most served camera): ${figures.evenness.toFixed(2)}`);
  console.log(`failed cameras: ${failed.length === 0 ? 'none' : failed.join(', ')}`);
  console.log(`cores that other programs used: ${otherCores.toFixed(2)}`);
  console.log(
    `core event loop: p99 ${coreEventLoop.p99Ms.toFixed(1)} ms, maximum ${coreEventLoop.maximumMs.toFixed(1)} ms`,
  );
}
