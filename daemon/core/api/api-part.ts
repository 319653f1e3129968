import type { Handlers } from '../../contract/handlers.js';
import { type Operations, operations } from '../../contract/operations.js';
import { openPeerCredentials } from '../../host/peer-credentials.js';
import { currentUser, findGroup } from '../../host/system-user.js';
import { present } from '../../kernel/present.js';
import type { PartContext } from '../part-context.js';
import { ConfinedPeers, type ConfinedProcess, openConfinedProcessOf } from './confined-peers.js';
import { Creations } from './idempotency.js';
import type { KeptRequests } from './kept-requests.js';
import { adminGroup, openLocalCaller } from './local-caller.js';
import { startControlServer } from './server.js';

/** Serves the operations on the socket of this machine. */
export async function serveLocalApi({
  records,
  handlers,
  intrusions,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly records: { readonly requests: KeptRequests };
  readonly handlers: Handlers<Operations>;
  readonly intrusions: { report(process: ConfinedProcess): void };
}): Promise<{ readonly creations: Creations; readonly confined: ConfinedPeers }> {
  const { socketPath } = current().control;
  const { uid: ownUid } = currentUser();
  const adminGid = await findGroup(adminGroup);
  const confined = new ConfinedPeers({
    processOf: await openConfinedProcessOf(),
    peerOf: await openPeerCredentials(),
    onRefused: (process) => intrusions.report(process),
    ...{ clock, logger },
  });
  const creations = new Creations({ kept: records.requests, logger });
  const server = await startControlServer({
    ...{ socketPath, operations, handlers, creations, confined, logger },
    callerOf: await openLocalCaller({ ownUid, adminGid }, logger),
    ...present({ adminGid }),
  });
  lifetime.use('control server', server);
  return { creations, confined };
}
