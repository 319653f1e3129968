import type { Handlers } from '../../contract/handlers.js';
import { type Operations, operations } from '../../contract/operations.js';
import type { PartContext } from '../part-context.js';
import { Creations } from './idempotency.js';
import type { KeptRequests } from './kept-requests.js';
import { openLocalCaller } from './local-caller.js';
import { startControlServer } from './server.js';

/** Serves the operations on the socket of this machine. */
export async function serveLocalApi({
  records,
  handlers,
  current,
  lifetime,
  logger,
}: PartContext & {
  readonly records: { readonly requests: KeptRequests };
  readonly handlers: Handlers<Operations>;
}): Promise<{ readonly creations: Creations }> {
  const { socketPath } = current().control;
  const creations = new Creations({ kept: records.requests, logger });
  const server = await startControlServer({
    ...{ socketPath, operations, handlers, creations, logger },
    callerOf: await openLocalCaller(),
  });
  lifetime.use('control server', server);
  return { creations };
}
