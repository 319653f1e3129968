import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { Inbox } from '../delivery/broker/broker-connection.js';
import type { BrokerRefusals } from '../delivery/broker-refusals.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import type { Topics } from '../delivery/topics.js';
import type { CommandReceiver } from './command-receiver.js';

export interface CommandInboxOptions {
  readonly topics: Topics;
  readonly receiver: Pick<CommandReceiver, 'receive'>;
  /** Learns whether the broker lets the box read its commands. */
  readonly refusals?: Pick<BrokerRefusals, 'refused' | 'taken'>;
  readonly logger: Logger;
}

/** Subscribes to the commands for this box on every connection, and passes them to the receiver. */
export function commandInbox({
  topics,
  receiver,
  refusals,
  logger,
}: CommandInboxOptions): Inbox & ConnectionTask {
  const prefix = topics.anyCommand.slice(0, -'+'.length);
  return {
    async take(topic, payload, isRetained) {
      if (topic.startsWith(prefix)) await receiver.receive(topic.slice(prefix.length), payload, isRetained);
    },
    whenOnline(connection, signal) {
      // `take` gets the messages, also those that the broker kept from an earlier subscription.
      connection
        .subscribe(topics.anyCommand, () => undefined)
        .then(() => refusals?.taken('command'))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          if (isRollcallError(error, 'broker-subscribe-refused')) refusals?.refused('command');
          logger.error('the broker does not let the box read its commands', { reason: messageOf(error) });
        });
    },
  };
}
