import type { Clock, Timer } from '../../kernel/clock.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import { alarmWithinMs } from './login-throttle.js';

interface LoginAlarmOptions {
  readonly conditions: Pick<ConditionPort, 'begin' | 'end'>;
  readonly clock: Clock;
}

/** Turns failed logins into the condition `logins-failing`, which ends ten minutes after the last alarm. */
export class LoginAlarm implements AsyncDisposable {
  readonly #conditions: LoginAlarmOptions['conditions'];
  readonly #clock: Clock;
  #ending: Timer | undefined;

  constructor({ conditions, clock }: LoginAlarmOptions) {
    this.#conditions = conditions;
    this.#clock = clock;
    // The condition of the last run: its timer ended with it.
    conditions.end('logins-failing');
  }

  raise(): void {
    this.#conditions.begin('logins-failing');
    this.#ending?.cancel();
    this.#ending = this.#clock.after(alarmWithinMs, () => this.#conditions.end('logins-failing'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending?.cancel();
  }
}
