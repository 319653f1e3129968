import type { BlindPeriod } from '../../../contract/passages.js';
import { lengthOf, type TimeSpan } from './time-view.js';

/** A time without usable pictures, at a camera, or at all while the box was down. */
export interface BlindSpan extends TimeSpan {
  readonly period: BlindPeriod;
}

/** What a day has of a period. */
export function blindSpan(period: BlindPeriod, day: TimeSpan): readonly BlindSpan[] {
  const span = {
    fromMs: Math.max(day.fromMs, Date.parse(period.from)),
    toMs: Math.min(day.toMs, Date.parse(period.until)),
  };
  return lengthOf(span) > 0 ? [{ ...span, period }] : [];
}

/** When none of these cameras could see anything. */
export function blindAt(all: readonly BlindSpan[], cameras: readonly string[]): readonly TimeSpan[] {
  const isBlind = (fromMs: number, toMs: number): boolean =>
    cameras.every((camera) =>
      all.some(
        (each) => (each.period.camera ?? camera) === camera && each.fromMs <= fromMs && toMs <= each.toMs,
      ),
    );
  const edges = [...new Set(all.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].sort((a, b) => a - b);
  return edges
    .slice(1)
    .map((toMs, index) => ({ fromMs: edges[index] ?? toMs, toMs }))
    .filter(({ fromMs, toMs }) => isBlind(fromMs, toMs));
}
