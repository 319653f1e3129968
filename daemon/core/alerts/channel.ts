import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import type { ChannelKind } from '../../kernel/alerts/channel-kind.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Bounds } from './reachable-server.js';

/** The result of one attempt to send an alert. */
export type SendOutcome =
  /** The server has the alert. `note`: a problem to show, for example a refused recipient. */
  | { readonly outcome: 'delivered'; readonly note: string | null }
  /** `isFinal`: the server would refuse the alert again. */
  | { readonly outcome: 'failed'; readonly error: RollcallError; readonly isFinal: boolean };

/** One way in which alerts leave the box. */
export interface AlertChannel {
  readonly id: string;
  readonly kind: ChannelKind;
  /**
   * Sends one alert, with the same id at each attempt. Rejects with a defect only. Ends within a minute, or immediately when
   * `signal` aborts.
   */
  send(message: AlertMessage, signal: AbortSignal): Promise<SendOutcome>;
}

/** What all channels need. */
export interface ChannelContext {
  readonly identity: BoxIds;
  /**
   * The secret with this name, which the caller wipes. It is read for every alert, so that a change applies immediately and none
   * stays in memory.
   */
  readonly openSecret: (name: string) => Promise<Buffer>;
  readonly bounds: Bounds;
  /** Version of this program, for the User-Agent. */
  readonly version: string;
}
