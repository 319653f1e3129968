import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** The broker that the demo embeds; it speaks MQTT 3.1.1 only. */
export interface AedesBroker extends AsyncDisposable {
  readonly url: string;
}

export interface AedesOptions {
  /** Acknowledges every message and brings it to nobody, as access rules do in MQTT 3.1.1. */
  readonly deliversNothing?: boolean;
}

export async function startAedes({ deliversNothing = false }: AedesOptions = {}): Promise<AedesBroker> {
  const broker = await Aedes.createBroker(deliversNothing ? { authorizeForward: () => null } : {});
  const server = createServer(broker.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(resolve));
      server.close();
    },
  };
}
