import type { Output } from '../../api/call.js';

type Counters = Output<'status.show'>['cameras'][number]['counters'];

/** The share of the frames due for analysis that the box dropped, 0 to 1: of those it analysed and those it dropped. */
export function droppedShare({ dropped = 0, analysed = 0 }: Counters): number {
  return dropped === 0 ? 0 : dropped / (dropped + analysed);
}
