import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { listenOnLoopback } from './listening.js';

/** The broker that the demo embeds; it speaks MQTT 3.1.1 only. */
export interface AedesBroker extends AsyncDisposable {
  readonly url: string;
}

export interface AedesOptions {
  /** Acknowledges every message and delivers it to no subscriber, as access rules do in MQTT 3.1.1. */
  readonly deliversNothing?: boolean;
  /** Answers no message, as RabbitMQ does while a memory or disk alarm is set. */
  readonly acknowledgesNothing?: boolean;
  readonly refusesSubscriptions?: boolean;
  /** Hangs up on larger messages, because MQTT 3.1.1 cannot refuse them. */
  readonly largestBytes?: number;
  /** Hangs up on messages to these topics, like brokers whose access rules forbid them. Called for each message. */
  readonly hangsUpOn?: (topic: string) => boolean;
}

export async function startAedes(options: AedesOptions = {}): Promise<AedesBroker> {
  const { deliversNothing = false, acknowledgesNothing = false, refusesSubscriptions = false } = options;
  const { largestBytes = Number.POSITIVE_INFINITY, hangsUpOn = () => false } = options;
  const broker = await Aedes.createBroker({
    ...(deliversNothing ? { authorizeForward: () => null } : {}),
    authorizePublish(_client, { topic, payload }, answer) {
      if (acknowledgesNothing) return;
      answer(payload.length > largestBytes || hangsUpOn(topic) ? new Error('not taken') : null);
    },
    authorizeSubscribe: (_client, subscription, answer) =>
      answer(null, refusesSubscriptions ? null : subscription),
  });
  const server = createServer(broker.handle);
  const port = await listenOnLoopback(server);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(resolve));
      server.close();
    },
  };
}
