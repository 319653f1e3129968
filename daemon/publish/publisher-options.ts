import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Random } from '../base/random.js';
import type { BoxIdentity } from '../domain/events/box-identity.js';
import type { BrokerAccess } from './broker/broker-access.js';
import type { Inbox } from './broker/broker-connection.js';
import type { Companion } from './companion.js';
import type { ConditionPort } from './condition-port.js';
import type { BoxState } from './encoding.js';
import type { EventOutbox } from './event-outbox.js';
import type { PictureOf, SendingFacts } from './outgoing.js';
import type { PublisherTimings } from './publisher-timings.js';
import type { RefusedKinds } from './refused-kinds.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

/** What a publisher is made of. */
export interface PublisherOptions {
  readonly broker: BrokerAccess;
  readonly topics: Topics;
  readonly from: BoxIdentity;
  readonly outbox: EventOutbox;
  /** Calls back whenever the outbox may have grown; returns how to stop. */
  readonly onRecorded: (listener: () => void) => () => void;
  /** Takes `count` numbers for the box's state messages and returns the last; never given twice, over restarts too. */
  readonly takeStateSequences: (count: number) => number;
  /**
   * Signs everything that is said. Asked at each connection: one connection has one key, whose key set went out before, so
   * that nothing comes signed with a key that nobody can know yet.
   */
  readonly signer: () => Signer;
  /** What the box says of itself. */
  readonly state: {
    readonly current: () => BoxState;
    /** Calls back whenever it may have changed; returns how to stop. */
    readonly onChanged: (listener: () => void) => () => void;
  };
  /** Names of persons, where they may leave the box. */
  readonly nameOf?: SendingFacts['nameOf'];
  /** Pictures that go with events, where they may leave the box. */
  readonly pictureOf?: PictureOf;
  readonly companions?: readonly Companion[];
  /** Where it is said that something is the matter; absent: nowhere. */
  readonly conditions?: ConditionPort;
  readonly inbox?: Inbox;
  /** By default one of its own that tells `conditions`. */
  readonly refused?: RefusedKinds;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Replaces some of `defaultTimings`. */
  readonly timings?: Partial<PublisherTimings>;
}
