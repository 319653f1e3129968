import type { EventSubscriber } from '../../test/support/event-subscriber.js';
import type { CentreWord } from './event-task.js';

const LOOK_EVERY_MS = 50;
/** So many looks without anything new, and what is missing is asked for. */
const PATIENT_LOOKS = 10;

/** The part of a centre: it says up to where it has everything, and asks for what does not come. */
export class EventCentre implements Disposable {
  readonly #subscriber: Pick<EventSubscriber, 'sequences'>;
  readonly #say: (word: CentreWord) => void;
  readonly #timer: NodeJS.Timeout;
  #seen = -1;
  #idleLooks = 0;

  constructor(subscriber: Pick<EventSubscriber, 'sequences'>, say: (word: CentreWord) => void) {
    this.#subscriber = subscriber;
    this.#say = say;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { sequences } = this.#subscriber;
    const upTo = completeUpTo(sequences);
    this.#say({ confirms: upTo });
    this.#idleLooks = sequences.length === this.#seen ? this.#idleLooks + 1 : 0;
    this.#seen = sequences.length;
    if (this.#idleLooks < PATIENT_LOOKS) return;
    this.#idleLooks = 0;
    this.#say({ lacksFrom: upTo + 1 });
  }
}

/** The greatest number up to which none is missing. */
export function completeUpTo(sequences: readonly number[]): number {
  const known = new Set(sequences);
  let last = 0;
  while (known.has(last + 1)) last += 1;
  return last;
}
