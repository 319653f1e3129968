import type { PassageId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import type { StoredPassage } from '../passages/passage-journal.js';
import type { Sample } from './metric-families.js';

type Counted = Pick<Passage, 'cameraId' | 'outcome' | 'reason'>;

/** A passage may be written again after its end, as when a person corrects it: it still counts once. */
const remembered = 1_000;

/** Counts the passages that end, by camera, outcome and reason. */
export class PassageCounter {
  readonly #counts = new Map<string, { readonly of: Counted; count: number }>();
  readonly #latest = new Set<PassageId>();

  written({ id, passage }: StoredPassage): void {
    if (passage?.end === undefined || this.#latest.has(id)) return;
    this.#latest.add(id);
    const [oldest] = this.#latest;
    if (this.#latest.size > remembered && oldest !== undefined) this.#latest.delete(oldest);
    const { cameraId, outcome, reason } = passage;
    const key = JSON.stringify([cameraId, outcome, reason]);
    const known = this.#counts.get(key) ?? { of: { cameraId, outcome, reason }, count: 0 };
    this.#counts.set(key, known);
    known.count += 1;
  }

  samples(): readonly Sample<number>[] {
    return [...this.#counts.values()].map(({ of: { cameraId, outcome, reason }, count }) => [
      count,
      { camera: cameraId, outcome, reason },
    ]);
  }
}
