import { allPersons } from '../../daemon/cli/person/all-persons.js';
import type { EventMessage } from '../../daemon/contract/events/event-schema.js';
import type { ControlClient } from '../../daemon/core/api/client.js';
import { daemonUnreachable } from '../../daemon/core/api/client.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Random } from '../../daemon/kernel/random.js';
import type { EventViolation } from './event-verdict.js';

/** Removing and restoring is quicker, so enrolments are rare and limited to this number. */
const ENROLLING_SHARE = 0.1;
const MOST_PERSONS = 12;

type Change = 'enrolled' | 'removed' | 'restored';

interface Counted {
  asked: number;
  done: number;
}

/**
 * What is asked of a daemon beside everything else: persons are enrolled, removed and brought back, each of which is an
 * entry in the audit log and an event. Remembers what was acknowledged: neither database nor broker has a part in that.
 */
export class DaemonWork {
  readonly #client: ControlClient;
  readonly #photograph: Buffer;
  readonly #random: Random;
  readonly #counts = new Map<string, Counted>();
  #enrolled = 0;

  constructor(client: ControlClient, photograph: Buffer, random: Random) {
    this.#client = client;
    this.#photograph = photograph;
    this.#random = random;
  }

  /** Changes that were acknowledged. */
  get done(): number {
    return [...this.#counts.values()].reduce((sum, { done }) => sum + done, 0);
  }

  /** Works until the daemon stops answering. `canEnrol`: whether photographs can be analysed by now. */
  async untilKilled(canEnrol: () => boolean): Promise<void> {
    try {
      for (;;) await this.#change(canEnrol());
    } catch (error) {
      if (!isRollcallError(error, daemonUnreachable)) throw error;
    }
  }

  /** Compares what was acknowledged, and what was at least asked for, with the events that came. `known`: enrolled before. */
  compare(events: readonly EventMessage[], known: readonly string[]): readonly EventViolation[] {
    const published = new Map<string, number>();
    for (const event of events) {
      const [, change] = /^rollcall\.person\.(\w+)\.v1$/.exec(event.type) ?? [];
      if (change === undefined || !('person' in event.data)) continue;
      if (change === 'enrolled' && known.includes(event.data.person ?? '')) continue;
      // The id of an interrupted enrolment is not known.
      const key = change === 'enrolled' ? change : `${change} ${event.data.person}`;
      published.set(key, (published.get(key) ?? 0) + 1);
    }
    return [...this.#counts].flatMap(([key, { asked, done }]): readonly EventViolation[] => {
      const count = published.get(key) ?? 0;
      if (count < done)
        return [{ kind: 'lost', what: `${key}: acknowledged ${done} times, published ${count}` }];
      return count > asked
        ? [{ kind: 'invented', what: `${key}: asked ${asked} times, published ${count}` }]
        : [];
    });
  }

  async #change(canEnrol: boolean): Promise<void> {
    const client = this.#client;
    const present = await allPersons(client, 'included');
    const isMore = canEnrol && this.#random.unit() < ENROLLING_SHARE;
    // The first is whom a camera sees.
    const chosen = present[1 + Math.floor(this.#random.unit() * (present.length - 1))];
    if (chosen === undefined || (isMore && present.length < MOST_PERSONS)) {
      await this.#counted('enrolled', undefined, () => this.#enrol());
    } else if (chosen.state === 'active') {
      await this.#counted('removed', chosen.id, () => client.call('persons.remove', { id: chosen.id }));
    } else {
      await this.#counted('restored', chosen.id, () => client.call('persons.restore', { id: chosen.id }));
    }
  }

  async #enrol(): Promise<void> {
    this.#enrolled += 1;
    const result = await this.#client.call('persons.enrol', {
      name: `Visitor ${this.#enrolled}`,
      photographs: [this.#photograph],
      isDuplicateAllowed: true,
    });
    if (result.outcome !== 'enrolled')
      throw new Error(`the person was not enrolled: ${JSON.stringify(result)}`);
  }

  async #counted(change: Change, person: string | undefined, work: () => Promise<unknown>): Promise<void> {
    const key = person === undefined ? change : `${change} ${person}`;
    const counts = this.#counts.get(key) ?? { asked: 0, done: 0 };
    this.#counts.set(key, counts);
    counts.asked += 1;
    await work();
    counts.done += 1;
  }
}
