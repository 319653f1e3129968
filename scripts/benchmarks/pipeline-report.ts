import { table } from '../../daemon/kernel/text-table.js';
import type { LiveCost } from './pipeline-live.js';
import type { NetworkTimes } from './pipeline-models.js';
import type { Pass } from './pipeline-pass.js';

/** One round: processor times in milliseconds. */
export interface Round {
  readonly production: Pass;
  readonly decodeMs: number;
  readonly modelsMs: number;
  readonly networks: readonly NetworkTimes[];
}

const stages = ['detect', 'locate', 'assess', 'embed'] as const;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function ratioOf({ production: { cpu }, decodeMs, modelsMs }: Round): number {
  return (cpu.ownMs + cpu.childrenMs) / (decodeMs + modelsMs);
}

export function printReport(rounds: readonly Round[], fps: number, isJson: boolean): void {
  const over = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const counter = (name: string): number => over(({ production }) => production.counters[name] ?? 0);
  const frames = counter('framesAnalysed');
  const seconds = frames / fps;
  const summary = {
    rounds: rounds.length,
    framesAnalysed: frames,
    ratio: over(ratioOf),
    ratios: rounds.map(ratioOf),
    cpuMs: {
      production: over(({ production: { cpu } }) => cpu.ownMs + cpu.childrenMs),
      node: over(({ production: { cpu } }) => cpu.ownMs),
      ffmpeg: over(({ production: { cpu } }) => cpu.childrenMs),
      decodeAlone: over(({ decodeMs }) => decodeMs),
      modelsAlone: over(({ modelsMs }) => modelsMs),
    },
    stages: stages.map((stage) => ({
      stage,
      runs: counter(`${stage}Count`),
      totalMs: counter(`${stage}Ms`),
    })),
    fullLooks: counter('fullLooks'),
    networks: (rounds[0]?.networks ?? []).map(({ label, count }) => ({
      label,
      count,
      totalMs: over(({ networks }) => networks.find((each) => each.label === label)?.totalMs ?? 0),
    })),
  };
  if (isJson) {
    console.log(JSON.stringify(summary));
    return;
  }
  const row = (name: string, ...cells: readonly string[]): void =>
    console.log(name.padEnd(40) + cells.map((cell) => cell.padStart(12)).join(''));
  const line = (name: string, count: number, totalMs: number): void =>
    row(name, String(count), (totalMs / count).toFixed(2), (totalMs / seconds).toFixed(1));
  console.log(
    `${frames} frames analysed a pass, ${seconds.toFixed(0)} s of video; medians of ${rounds.length}`,
  );
  row('\nstage (wall clock)', 'runs', 'ms a run', 'ms per s');
  for (const { stage, runs, totalMs } of summary.stages) line(stage, runs, totalMs);
  row('\nnetwork alone (wall clock)', 'runs', 'ms a run', 'ms per s');
  for (const { label, count, totalMs } of summary.networks) line(label, count, totalMs);
  row('\nprocessor time', 'ms a frame', 'ms per s');
  for (const [name, ms] of Object.entries(summary.cpuMs)) {
    row(name, (ms / frames).toFixed(2), (ms / seconds).toFixed(1));
  }
  const all = summary.ratios.map((ratio) => ratio.toFixed(2)).join(' ');
  console.log(`\nproduction / (decode alone + models alone): ${summary.ratio.toFixed(3)}   (rounds: ${all})`);
}

/** One round with nobody in sight: what each way of delivering costs, beside decoding. Milliseconds a second. */
export interface NobodyRound {
  readonly decodeMs: number;
  readonly costs: readonly LiveCost[];
}

export function printNobody(names: readonly string[], rounds: readonly NobodyRound[]): void {
  const rows = names.map((name, index) => {
    const costs = rounds.flatMap(({ decodeMs, costs }) => {
      const cost = costs[index];
      return cost === undefined ? [] : [{ decodeMs, ...cost }];
    });
    const over = (pick: (cost: LiveCost & { readonly decodeMs: number }) => number): string =>
      median(costs.map(pick)).toFixed(1);
    const ratios = costs.map(({ nodeMs, ffmpegMs, decodeMs }) => (nodeMs + ffmpegMs) / decodeMs);
    return [
      name,
      over(({ deliveredFps }) => deliveredFps),
      over(({ lost }) => lost),
      over(({ decodeMs }) => decodeMs),
      over(({ ffmpegMs }) => ffmpegMs),
      over(({ nodeMs }) => nodeMs),
      `${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`,
    ];
  });
  const heads = ['delivered frames', 'a second', 'lost', 'decoding', 'FFmpeg', 'Node.js', 'all / decoding'];
  console.log('milliseconds of processor time a second');
  console.log(table(heads, rows));
}
