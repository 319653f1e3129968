import type { Clock, Timer } from '../../base/clock.js';
import type { CommandName } from '../contract/command-schema.js';

export interface CommandDeadline {
  /** From the begin, or since the command last got on. */
  readonly limitMs: number;
  /** What a command must not begin beside; of those that share it, one at a time is under way. */
  readonly kind: string;
  /** What to do for somebody who does not know how far it came. */
  readonly remedy: string;
}

const s = 1_000;
const min = 60 * s;

const lookAtPersons = 'ask with gallery-digest or list-persons what was done before giving it again';
const giveAgain = 'give it again, it changes nothing twice';

/** How long a command may take: far longer than it does on a slow box, so that only one that hangs comes to it. */
export const deadlines: Readonly<Record<CommandName, CommandDeadline>> = {
  'enrol-person': { limitMs: 10 * min, kind: 'persons', remedy: lookAtPersons },
  'update-person': { limitMs: 2 * min, kind: 'persons', remedy: lookAtPersons },
  'erase-person': { limitMs: 2 * min, kind: 'persons', remedy: lookAtPersons },
  'resend-events': { limitMs: 2 * min, kind: 'events', remedy: giveAgain },
  'acknowledge-events': { limitMs: 2 * min, kind: 'events', remedy: giveAgain },
  'set-camera': { limitMs: 5 * min, kind: 'configuration', remedy: giveAgain },
  'reload-configuration': { limitMs: 5 * min, kind: 'configuration', remedy: giveAgain },
  // A vision process that does not answer is given up after a minute, with a code of its own.
  'request-snapshot': { limitMs: 2 * min, kind: 'snapshot', remedy: giveAgain },
  'request-picture': { limitMs: 2 * min, kind: 'picture', remedy: giveAgain },
  'rotate-keys': {
    limitMs: 30 * min,
    kind: 'keys',
    remedy:
      'a rotation that has begun goes on by itself: `rollcall key status` at the box tells how far it is',
  },
  'gallery-digest': { limitMs: 5 * min, kind: 'reading', remedy: giveAgain },
  'list-persons': { limitMs: 5 * min, kind: 'reading', remedy: giveAgain },
};

/** Passes once, when `limitMs` go by without `renew`. */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #pass = (): void => undefined;
  #timer: Timer | undefined;
  readonly passed: Promise<'late'>;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.passed = new Promise((resolve) => {
      this.#pass = () => resolve('late');
    });
    this.renew();
  }

  renew(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#limitMs, this.#pass);
  }

  /** It does not pass any more. */
  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }
}
