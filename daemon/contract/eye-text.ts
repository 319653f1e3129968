import { type Said, type Say, said } from '../kernel/said.js';
import type { PassageDetails } from './passages.js';

type Openness = NonNullable<PassageDetails['liveness']['openness']>;

/** Columns of the curve. */
const mostColumns = 60;
const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** How far the eyes were open: the figures, and below them a curve of one line. */
export function eyeLines(openness: Openness | undefined, say: Say): readonly string[] {
  const [first, last] = [openness?.samples[0], openness?.samples.at(-1)];
  if (openness === undefined || first === undefined || last === undefined) return [];
  const { samples, openEyes, closedUnder } = openness;
  const faults = new Map<string, number>();
  for (const { fault } of samples) if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const parts: readonly Said[] = [
    said('terminal/eyes', { views: samples.length, from: first.afterS, until: last.afterS }),
    ...(openEyes === undefined ? [] : [said('terminal/eyes-open', { openness: openEyes })]),
    ...(closedUnder === undefined ? [] : [said('terminal/eyes-closed', { openness: closedUnder })]),
    ...[...faults].map(([fault, views]) => said('terminal/fault-in', { fault, views })),
  ];
  const figures = parts.map((part) => say(part)).join(', ');
  const isSeen = samples.some((sample) => sample.openness !== undefined);
  return isSeen ? [figures, `  ${curve(samples, first.afterS, last.afterS)}`] : [figures];
}

/** Each column shows the lowest openness in it, so that no blink is lost; a space is a time in which the eyes were not judged. */
function curve(samples: Openness['samples'], fromS: number, untilS: number): string {
  const columns = Math.min(mostColumns, samples.length);
  const widest = Math.max(...samples.map(({ openness = 0 }) => openness));
  const lowest: (number | undefined)[] = Array.from({ length: columns }, () => undefined);
  for (const { afterS, openness } of samples) {
    if (openness === undefined) continue;
    const column = Math.round(((afterS - fromS) / Math.max(0.001, untilS - fromS)) * (columns - 1));
    lowest[column] = Math.min(lowest[column] ?? openness, openness);
  }
  return lowest
    .map((value) => (value === undefined ? ' ' : bars[Math.round((value / widest) * (bars.length - 1))]))
    .join('');
}
