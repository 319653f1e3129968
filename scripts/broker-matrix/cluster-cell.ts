import { connect, createServer, type Socket } from 'node:net';
import { assertNoGap } from '../../test/support/event-subscriber.js';
import { assortedFacts } from '../../test/support/facts.js';
import { listenOnLoopback } from '../../test/support/listening.js';
import type { BrokerCluster } from './field-broker.js';
import { type Certificates, startBox, subscribeAsCentre, withRecords } from './site.js';

export const clusterCell = 'a node of three is killed';

/** The box reaches the nodes through a balancer; the centre reads at the last node while the first, which the box uses, is killed. */
export async function tryCluster({ nodes }: BrokerCluster, certificates: Certificates): Promise<undefined> {
  const [first, , last] = nodes;
  if (first === undefined || last === undefined) throw new Error('three nodes are needed');
  await using balancer = await openBalancer(nodes.map(({ port }) => port));
  await using centre = await subscribeAsCentre(last.port, certificates, { clean: false, clientId: 'centre' });
  await withRecords(async (records) => {
    for (const fact of assortedFacts(600)) records.record(fact);
    await using _box = startBox(balancer.port, certificates, { records });
    await centre.until(() => centre.eventIds.length >= 50);
    await first.kill();
    await centre.until(() => centre.eventIds.length === 600);
  });
  assertNoGap(centre);
  return undefined;
}

/** Leads each connection to the first port that takes it. */
async function openBalancer(ports: readonly number[]): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const lead = (near: Socket, [port, ...others]: readonly number[]): void => {
    if (port === undefined) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    far.once('error', () => lead(near, others));
    far.once('connect', () => {
      far.removeAllListeners('error');
      sockets.add(near).add(far);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const)
        one.on('error', () => one.destroy()).on('close', () => other.destroy());
      near.pipe(far).pipe(near);
    });
  };
  const server = createServer((near) =>
    lead(
      near.on('error', () => near.destroy()),
      ports,
    ),
  );
  const port = await listenOnLoopback(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
