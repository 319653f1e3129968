import type { BoxNotice } from '../../domain/events/notice.js';

/** Changes of one condition that wait at most. */
const mostOfOne = 20;

/**
 * What could not be recorded yet, in order. Of one condition that changes on and on, the newest changes are drawn together:
 * what is left leads to the same end.
 */
export class WaitingNotices {
  #notices: BoxNotice[] = [];

  get all(): readonly BoxNotice[] {
    return this.#notices;
  }

  add(notice: BoxNotice): void {
    const ofThis = this.#notices.filter(({ condition }) => condition === notice.condition);
    const [before, last] = ofThis.slice(-2);
    if (ofThis.length < mostOfOne || before === undefined || last === undefined) {
      this.#notices.push(notice);
      return;
    }
    this.#notices = this.#notices.filter((each) => each !== last);
    if (before.isActive !== notice.isActive) this.#notices.push(notice);
    else if (notice.isActive) this.#replace(before, notice);
  }

  /** The first was recorded. */
  shift(): void {
    this.#notices.shift();
  }

  /** What had begun has become `after`, and is said to have begun so. */
  #replace(before: BoxNotice, { about, details }: BoxNotice): void {
    const drawn = {
      ...before,
      ...(about === undefined ? {} : { about }),
      ...(details === undefined ? {} : { details }),
    };
    this.#notices = this.#notices.map((each) => (each === before ? drawn : each));
  }
}
