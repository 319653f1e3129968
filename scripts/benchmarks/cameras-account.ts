import { readFileSync } from 'node:fs';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { allProcesses, whileRunning } from './cameras-usage.js';
import { processTimes, threadTimes } from './pipeline-cpu.js';

/**
 * What the processor time of the cameras is spent on:
 * - `networks`: the threads of vision that run them.
 * - `frames`: the main thread of vision, which reads, relays, watches and follows.
 * - `other-threads`: what the engine of JavaScript does beside, such as collecting garbage.
 * - `copies`: FFmpeg that copies a main stream, undecoded.
 * - `main-streams`: FFmpeg that decodes a resting main stream, with those that have ended.
 * - `whole-streams`: FFmpeg that pulls and decodes: substreams, and cameras that have none.
 */
export const works = [
  'networks',
  'frames',
  'other-threads',
  'copies',
  'main-streams',
  'whole-streams',
] as const;
export type Work = (typeof works)[number];

/** Processor time that all cameras of a box took so far, milliseconds. */
export type Account = Readonly<Record<Work, number>>;

export function accountNow(corePid: number): Account {
  const account: Record<Work, number> = {
    ...{ networks: 0, frames: 0, 'other-threads': 0 },
    ...{ copies: 0, 'main-streams': 0, 'whole-streams': 0 },
  };
  const all = allProcesses();
  const below = (parent: number): readonly number[] =>
    all.filter(({ parentPid }) => parentPid === parent).map(({ pid }) => pid);
  const visit = (pid: number): void => {
    const [program = '', ...words] = commandOf(pid);
    if (program.endsWith('ffmpeg')) account[workOfDecoder(words)] += usedMs(pid);
    else if (program.endsWith('bwrap')) for (const child of below(pid)) visit(child);
    else visitVision(pid);
  };
  const visitVision = (pid: number): void => {
    const [main, ...others] = threadTimes(pid);
    if (main !== undefined) account.frames += main.cpuMs;
    // The threads of networks are the only ones that give way to the rest of the process.
    for (const { niceness, cpuMs } of others)
      account[niceness > (main?.niceness ?? 0) ? 'networks' : 'other-threads'] += cpuMs;
    // Decoders of main streams begin and end all the time, the others only when a camera is opened again.
    account['main-streams'] += whileRunning(() => processTimes(pid).endedChildrenMs)[0] ?? 0;
    for (const child of below(pid)) visit(child);
  };
  for (const pid of below(corePid)) visit(pid);
  return account;
}

const usedMs = (pid: number): number => whileRunning(() => processTimes(pid).cpuMs)[0] ?? 0;

const commandOf = (pid: number): readonly string[] =>
  (whileRunning(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))[0] ?? '').split('\0');

function workOfDecoder(words: readonly string[]): Work {
  if (words.includes('copy')) return 'copies';
  return words.some((word) => word.startsWith('select=gte')) ? 'main-streams' : 'whole-streams';
}

/** What one moment of a measurement shows. */
export interface Moment {
  readonly atMs: number;
  readonly cameras: BoxStatus['cameras'];
  readonly account: Account;
}

/** The moments in which so many main streams were decoded at the same time. */
export interface Crowd {
  readonly decoded: number;
  readonly seconds: number;
  /** Frames a second that were due and were analysed, or lost. */
  readonly analysed: number;
  readonly lost: number;
  /** Processor time of each work, cores. */
  readonly cores: Readonly<Record<Work, number>>;
}

/** Sorts the time between each two moments by how many main streams were decoded in it, on average and rounded. */
export function crowdsOf(moments: readonly Moment[]): readonly Crowd[] {
  const spans = moments.slice(1).map((after, index) => spanOf(moments[index] ?? after, after));
  const numbers = [...new Set(spans.map(({ decoded }) => decoded))].sort((a, b) => a - b);
  return numbers.map((decoded) => {
    const own = spans.filter((span) => span.decoded === decoded);
    const sum = (of: (span: (typeof own)[number]) => number): number =>
      own.reduce((total, span) => total + of(span), 0);
    const seconds = sum((span) => span.seconds);
    const cores = (work: Work): number => sum(({ usedMs }) => usedMs(work)) / 1000 / seconds;
    return {
      ...{ decoded, seconds },
      analysed: sum((span) => span.analysed) / seconds,
      lost: sum((span) => span.lost) / seconds,
      cores: Object.fromEntries(works.map((work) => [work, cores(work)])) as Crowd['cores'],
    };
  });
}

function spanOf(before: Moment, after: Moment) {
  const grown = (...names: readonly string[]): number =>
    after.cameras.reduce((sum, { id, counters }) => {
      const earlier = before.cameras.find((camera) => camera.id === id)?.counters ?? {};
      return names.reduce((total, name) => total + (counters[name] ?? 0) - (earlier[name] ?? 0), sum);
    }, 0);
  const elapsedMs = after.atMs - before.atMs;
  return {
    seconds: elapsedMs / 1000,
    decoded: Math.round(grown('decodingMs') / elapsedMs),
    analysed: grown('analysed'),
    lost: grown('droppedLate', 'droppedBusy', 'droppedStale'),
    usedMs: (work: Work): number => after.account[work] - before.account[work],
  };
}
