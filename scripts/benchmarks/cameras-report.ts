import type { BoxStatus } from '../../daemon/contract/status.js';
import type { Part, Usage } from './cameras-usage.js';
import { median } from './pipeline-report.js';

/** An event at the subscriber: how long after the capture of the frame that decided it. */
export interface Arrival {
  readonly type: string;
  readonly afterMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly status: BoxStatus;
  readonly usage: Readonly<Record<Part, Usage>>;
}

export interface Measured {
  readonly before: Sample;
  readonly after: Sample;
  readonly arrivals: readonly Arrival[];
  readonly broker: string;
}

/** Mean of a stage over all cameras of the window, milliseconds a run. */
function stageMs({ before, after }: Measured, stage: string): number {
  const sum = ({ status }: Sample, name: string): number =>
    status.cameras.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
  const grown = (name: string): number => sum(after, name) - sum(before, name);
  return grown(`${stage}Ms`) / grown(`${stage}Count`);
}

function camerasOf({ before, after }: Measured) {
  const seconds = (after.atMs - before.atMs) / 1000;
  return after.status.cameras.map(({ id, state, counters }) => {
    const earlier = before.status.cameras.find((camera) => camera.id === id)?.counters ?? {};
    const perS = (name: string): number => ((counters[name] ?? 0) - (earlier[name] ?? 0)) / seconds;
    return {
      id,
      state,
      deliveredFps: perS('delivered'),
      analysedFps: perS('analysed'),
      skippedFps: perS('skipped'),
      droppedFps: perS('dropped'),
      restarts: counters['restarts'] ?? 0,
      // Of the frames whose turn had come, those that were looked at: dropped ones might have been skipped, too.
      analysedShare: perS('analysed') / (perS('analysed') + perS('dropped')),
    };
  });
}

function partsOf({ before, after }: Measured) {
  const elapsedMs = after.atMs - before.atMs;
  return (Object.keys(after.usage) as Part[]).map((part) => {
    const { processes, cpuMs, residentMiB } = after.usage[part];
    return { part, processes, cores: (cpuMs - before.usage[part].cpuMs) / elapsedMs, residentMiB };
  });
}

function latenciesOf({ arrivals }: Measured) {
  return [...new Set(arrivals.map(({ type }) => type))].sort().map((type) => {
    const times = arrivals.filter((arrival) => arrival.type === type).map(({ afterMs }) => afterMs);
    return { type, count: times.length, medianMs: median(times), maximumMs: Math.max(...times) };
  });
}

export function printCameras(measured: Measured, isJson: boolean): void {
  const { after, before, broker } = measured;
  const { eventLoop, intake, vision } = after.status;
  const stages = ['detect', 'locate', 'embed'].map((stage) => ({ stage, meanMs: stageMs(measured, stage) }));
  const summary = {
    seconds: (after.atMs - before.atMs) / 1000,
    visionProcesses: vision.length,
    cameras: camerasOf(measured),
    parts: partsOf(measured),
    stages,
    latencies: latenciesOf(measured),
    coreEventLoop: eventLoop,
    intake,
    broker,
  };
  if (isJson) {
    console.log(JSON.stringify(summary));
    return;
  }
  const rows = (head: readonly string[], lines: readonly (readonly (string | number)[])[]): void => {
    for (const line of [head, ...lines]) {
      const cells = line.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell));
      console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(14) : cell.padStart(14))).join(''));
    }
    console.log('');
  };
  console.log(`${summary.seconds.toFixed(0)} s, vision processes: ${vision.length}, broker: ${broker}\n`);
  rows(
    ['camera', 'delivered/s', 'analysed/s', 'not due/s', 'dropped/s', 'share', 'state'],
    summary.cameras.map((c) => [
      c.id,
      c.deliveredFps,
      c.analysedFps,
      c.skippedFps,
      c.droppedFps,
      c.analysedShare,
      c.state,
    ]),
  );
  rows(
    ['part', 'processes', 'cores', 'resident MiB'],
    summary.parts.map((p) => [p.part, String(p.processes), p.cores, p.residentMiB]),
  );
  rows(
    ['stage', 'mean ms'],
    stages.map(({ stage, meanMs }) => [stage, meanMs]),
  );
  rows(
    ['event', 'count', 'median ms', 'maximum ms'],
    summary.latencies.map((l) => [l.type, String(l.count), l.medianMs, l.maximumMs]),
  );
  console.log(
    `core event loop: p99 ${eventLoop.p99Ms.toFixed(1)} ms, maximum ${eventLoop.maximumMs.toFixed(1)} ms`,
  );
}
