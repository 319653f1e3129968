import { isRollcallError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Inbox } from '../broker/broker-connection.js';
import type { Companion } from '../companion.js';
import type { RefusedKinds } from '../refused-kinds.js';
import type { Topics } from '../topics.js';

/** Where commands go that came from the broker; see `CommandDesk`. */
export interface CommandTaker {
  /** `isRetained`: it comes out of the broker's store. */
  receive(name: string, token: Uint8Array, isRetained: boolean): Promise<void>;
}

export interface CommandInboxOptions {
  readonly topics: Topics;
  readonly desk: CommandTaker;
  /** Is told whether the broker lets the box read its commands. */
  readonly refused?: Pick<RefusedKinds, 'refused' | 'taken'>;
  readonly logger: Logger;
}

/** Asks for the commands to this box at every connection, and brings them to the desk. */
export function commandInbox({ topics, desk, refused, logger }: CommandInboxOptions): Inbox & Companion {
  // All but the wildcard at its end.
  const prefix = topics.anyCommand.slice(0, -1);
  return {
    async take(topic, payload, isRetained) {
      if (topic.startsWith(prefix)) await desk.receive(topic.slice(prefix.length), payload, isRetained);
    },
    join(connection, signal) {
      // What comes is taken by `take`, which also gets what came before anybody subscribed.
      connection
        .subscribe(topics.anyCommand, () => undefined)
        .then(() => refused?.taken('command'))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          if (isRollcallError(error) && error.code === 'broker-subscribe-refused')
            refused?.refused('command');
          logger.error('the broker does not let the box read its commands', { reason: messageOf(error) });
        });
    },
  };
}
