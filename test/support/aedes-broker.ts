import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** The broker that the demo embeds; it speaks MQTT 3.1.1 only. */
export interface AedesBroker extends AsyncDisposable {
  readonly url: string;
}

export async function startAedes(): Promise<AedesBroker> {
  const broker = await Aedes.createBroker();
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
