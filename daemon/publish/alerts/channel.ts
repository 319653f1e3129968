import type { RollcallError } from '../../base/errors.js';
import type { AlertMessage } from '../../domain/alerts/alert-message.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';

/** What a try to send an alert came to. */
export type SendOutcome =
  /** The other side has it. `note`: what is to be said all the same. */
  | { readonly outcome: 'delivered'; readonly note: string | null }
  /** `isFinal`: the other side refused it for good, and would again. */
  | { readonly outcome: 'failed'; readonly error: RollcallError; readonly isFinal: boolean };

/** One way in which alerts leave the box. */
export interface AlertChannel {
  readonly id: string;
  readonly kind: 'webhook' | 'email';
  /**
   * Sends one alert; it bears the same id however often it is sent. Never rejects but with a defect, and ends within a
   * minute; at once when `signal` aborts.
   */
  send(message: AlertMessage, signal: AbortSignal): Promise<SendOutcome>;
}

/** What every channel needs to know. */
export interface ChannelContext {
  readonly identity: BoxIdentity;
  /** Where secrets are. They are read for every alert: a new one counts at once, and none stays in memory. */
  readonly secretsDirectory: string;
  /** Of this program, for those who look at requests. */
  readonly version: string;
}
