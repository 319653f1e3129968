import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { Random } from '../../kernel/random.js';
import type { RetryPolicy } from '../../kernel/retry.js';
import type { OutboxRow, SendingOutbox } from '../records/outbox/outbox.js';
import type { BrokerAccess } from './broker/broker-access.js';
import type { Inbox } from './broker/broker-connection.js';
import type { BrokerRefusals } from './broker-refusals.js';
import type { ConditionPort } from './condition-port.js';
import type { ConnectionTask } from './connection-task.js';
import type { BoxState, PassagesOfDay } from './encoding.js';
import type { PictureOf, SendingFacts } from './sender.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

export interface PublisherTimings {
  /** From the first packet to the answer of the broker. */
  readonly connectTimeoutMs: number;
  /** The connection is replaced when the broker acknowledges nothing for so long while messages are on their way. */
  readonly ackTimeoutMs: number;
  /** Silence on an idle connection after which the client pings the broker, seconds. */
  readonly keepaliveS: number;
  readonly retry: RetryPolicy;
  /** How long a kind of event that the broker refused is held back. */
  readonly heldRetryMs: number;
  /** A connection that has lasted for so long counts as steady. */
  readonly steadyAfterMs: number;
  /** At the end: how long to wait for acknowledgements and for the goodbye. */
  readonly farewellMs: number;
}

export const defaultTimings: PublisherTimings = {
  connectTimeoutMs: 10_000,
  ackTimeoutMs: 10_000,
  keepaliveS: 15,
  retry: { baseMs: 500, capMs: 15_000, sustainedMs: 30_000 },
  heldRetryMs: 60_000,
  steadyAfterMs: 60_000,
  farewellMs: 2000,
};

export interface PublisherOptions {
  readonly broker: BrokerAccess;
  readonly topics: Topics;
  readonly from: BoxIds;
  readonly outbox: SendingOutbox;
  /** Calls back whenever the outbox may have grown; returns a function that stops it. */
  readonly onRecorded: (listener: () => void) => () => void;
  /** Takes `count` numbers for state messages and returns the last. No number is given twice, also over restarts. */
  readonly takeStateSequences: (count: number) => number;
  /**
   * Signs all messages of one connection. Called once for each connection: the key set goes out before anything else, so
   * that receivers know the key.
   */
  readonly signer: () => Signer;
  readonly state: {
    readonly current: () => BoxState;
    /** A change of these alone is published with the next repetition. */
    readonly passages: () => PassagesOfDay;
    /** Calls back whenever the state may have changed; returns a function that stops it. */
    readonly onChanged: (listener: () => void) => () => void;
  };
  /** Names of persons; absent where names must not leave the box. */
  readonly nameOf?: SendingFacts['nameOf'];
  /** Pictures of events; absent where pictures must not leave the box. */
  readonly pictureOf?: PictureOf;
  readonly connectionTasks?: readonly ConnectionTask[];
  /** Receives the conditions that the publisher finds; absent: they are only logged. */
  readonly conditions?: ConditionPort;
  readonly inbox?: Inbox;
  /** By default a new one that reports to `conditions`. */
  readonly refusals?: BrokerRefusals;
  /** The broker has acknowledged this event. */
  readonly onDelivered?: (row: OutboxRow) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Replaces some of `defaultTimings`. */
  readonly timings?: Partial<PublisherTimings>;
}
