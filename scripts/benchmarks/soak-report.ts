import type { CameraStatus } from '../../daemon/contract/cameras.js';
import { table } from '../../daemon/kernel/text-table.js';
import { slope } from './pipeline-memory.js';

/** What was seen at one moment. */
export interface SoakSample {
  readonly minute: number;
  readonly memoryMiB: Readonly<Record<'core' | 'vision' | 'ffmpeg', number>>;
  /** Cameras that had failed, each with its code. */
  readonly failed: readonly string[];
  /** Cameras that streamed all the time since the sample before, and were not analysed. */
  readonly starved: readonly string[];
  /** Openings of all cameras after the first. */
  readonly restarts: number;
  readonly conditions: readonly string[];
}

/** Until then, code is compiled, pools grow, and cameras are opened for the first time: a share of all minutes. */
const warmShare = 0.25;

/** Cameras that delivered frames between two looks without a break, of which none was analysed. */
export function starvedBetween(
  before: readonly Pick<CameraStatus, 'id' | 'state' | 'counters'>[],
  now: readonly Pick<CameraStatus, 'id' | 'state' | 'counters'>[],
): readonly string[] {
  return now.flatMap(({ id, state, counters }) => {
    const earlier = before.find((camera) => camera.id === id);
    if (earlier === undefined || earlier.state !== 'streaming' || state !== 'streaming') return [];
    const grew = (name: string): number => (counters[name] ?? 0) - (earlier.counters[name] ?? 0);
    return grew('restarts') === 0 && grew('delivered') > 0 && grew('analysed') === 0 ? [id] : [];
  });
}

/**
 * How the memory of what runs all the time changes, MiB a minute, by least squares over what comes after the warm-up. FFmpeg comes and
 * goes with the cameras.
 */
export function slopes(
  samples: readonly SoakSample[],
): Readonly<Record<'core' | 'vision', number>> | undefined {
  const lastMinute = samples.at(-1)?.minute ?? 0;
  const settled = samples.filter(({ minute }) => minute > warmShare * lastMinute);
  if (settled.length < 3) return undefined;
  const of = (part: 'core' | 'vision'): number =>
    slope(settled.map(({ minute, memoryMiB }) => ({ minute, mib: memoryMiB[part] })));
  return { core: of('core'), vision: of('vision') };
}

export function printSoak(
  samples: readonly SoakSample[],
  faults: Readonly<Record<string, number>>,
  isWell: boolean,
): void {
  const rows = samples.map(({ minute, memoryMiB, failed, starved, restarts, conditions }) => [
    minute.toFixed(1),
    ...[memoryMiB.core, memoryMiB.vision, memoryMiB.ffmpeg].map((mib) => mib.toFixed(0)),
    String(restarts),
    failed.join(', ') || '-',
    starved.join(', ') || '-',
    conditions.join(', ') || '-',
  ]);
  const heading = ['minute', 'core MiB', 'vision', 'ffmpeg', 'openings', 'failed', 'starved', 'conditions'];
  console.log(table(heading, rows));
  const told = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`);
  console.log(`\nfaults: ${told.join(', ')}`);
  const found = slopes(samples);
  if (found !== undefined) {
    const parts = Object.entries(found).map(([part, mib]) => `${part} ${mib.toFixed(2)}`);
    console.log(`memory, MiB a minute after the first quarter: ${parts.join(', ')}`);
  }
  const starved = samples.reduce((sum, sample) => sum + sample.starved.length, 0);
  console.log(`starved: ${starved} times between two looks`);
  console.log(isWell ? 'every camera streams and is analysed' : 'NOT every camera streams and is analysed');
}
