import type { CommandName } from '../../contract/events/command-schema.js';
import type { Clock, Timer } from '../../kernel/clock.js';

export interface CommandDeadline {
  /** From the begin of the command, or from its last progress. */
  readonly limitMs: number;
  /** Commands of one kind never run at the same time. */
  readonly kind: string;
  /** What to do when it is unknown how far the command came. */
  readonly remedy: string;
}

const s = 1_000;
const min = 60 * s;

const checkPersons = 'Check with gallery-digest or list-persons what was done before you send it again.';
const checkStrangers = 'Check with list-strangers what was done before you send it again.';
const sendAgain = 'Send it again; it has no second effect.';

/** How long a command may take. A slow box needs far less time, so only a hanging command reaches its deadline. */
export const deadlines: Readonly<Record<CommandName, CommandDeadline>> = {
  'enrol-person': { limitMs: 10 * min, kind: 'persons', remedy: checkPersons },
  'update-person': { limitMs: 2 * min, kind: 'persons', remedy: checkPersons },
  'erase-person': { limitMs: 2 * min, kind: 'persons', remedy: checkPersons },
  'resend-events': { limitMs: 2 * min, kind: 'events', remedy: sendAgain },
  'acknowledge-events': { limitMs: 2 * min, kind: 'events', remedy: sendAgain },
  'set-camera': { limitMs: 5 * min, kind: 'configuration', remedy: sendAgain },
  'reload-configuration': { limitMs: 5 * min, kind: 'configuration', remedy: sendAgain },
  // The handler gives up a silent vision process after a minute, with a code of its own.
  'request-snapshot': { limitMs: 2 * min, kind: 'snapshot', remedy: sendAgain },
  'request-picture': { limitMs: 2 * min, kind: 'picture', remedy: sendAgain },
  'rotate-keys': {
    limitMs: 30 * min,
    kind: 'keys',
    remedy:
      'A rotation that has started continues automatically; `rollcall key status` at the box shows its progress.',
  },
  'gallery-digest': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'list-persons': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'list-events': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'report-attendance': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'list-alerts': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'acknowledge-alert': { limitMs: 2 * min, kind: 'alerts', remedy: sendAgain },
  'list-passages': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'show-passage': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'mark-passage': { limitMs: 2 * min, kind: 'passages', remedy: sendAgain },
  'list-strangers': { limitMs: 5 * min, kind: 'reading', remedy: sendAgain },
  'merge-strangers': { limitMs: 2 * min, kind: 'strangers', remedy: checkStrangers },
  'split-stranger': { limitMs: 2 * min, kind: 'strangers', remedy: checkStrangers },
  'ignore-stranger': { limitMs: 2 * min, kind: 'strangers', remedy: sendAgain },
  'notice-stranger': { limitMs: 2 * min, kind: 'strangers', remedy: sendAgain },
  'discard-stranger': { limitMs: 2 * min, kind: 'strangers', remedy: checkStrangers },
  'call-operation': {
    limitMs: 5 * min,
    kind: 'operation',
    remedy:
      'An operation that only reads can be sent again; otherwise ask first for what it would have changed.',
  },
  'test-camera': { limitMs: 5 * min, kind: 'camera-test', remedy: sendAgain },
};

/** Passes once, after `limitMs` without `renew`. */
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

  /** Stops the deadline. */
  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }
}
