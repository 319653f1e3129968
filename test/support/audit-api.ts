import { createServer } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { createBoxAudit, type KeyInUse } from '../../daemon/app/audit/box-audit.js';
import { isRollcallError } from '../../daemon/base/errors.js';
import { addAuditRoutes } from '../../daemon/control/audit-routes.js';
import { ControlClient } from '../../daemon/control/client.js';
import { problem } from '../../daemon/control/routes.js';
import { openRequestActor } from '../../daemon/control/socket-request-actor.js';
import { type AuditFixture, openAuditFixture } from './audit-fixture.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface AuditApi {
  readonly client: ControlClient;
  readonly configPath: string;
  readonly fixture: AuditFixture;
}

/** Serves the audit part of the local API on a unix socket, over a log of its own. */
export async function withAuditApi(
  keys: readonly KeyInUse[],
  work: (api: AuditApi & { readonly directory: string; readonly socketPath: string }) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory();
  using fixture = openAuditFixture(join(directory.path, 'audit.db'));
  const { log, clock } = fixture;
  const identity = { siteId: 'test-site', boxId: 'test-box' };
  const app = new Hono();
  app.onError((error, context) => {
    if (!isRollcallError(error)) throw error;
    return context.json(problem(error), error.kind === 'input' ? 400 : 503);
  });
  addAuditRoutes(app, createBoxAudit({ log, identity, clock, keys: () => keys }), await openRequestActor());
  const server = createServer(getRequestListener(app.fetch));
  const socketPath = join(directory.path, 'control.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  try {
    const configPath = join(directory.path, 'rollcall.yaml');
    const client = new ControlClient(socketPath);
    await work({ client, configPath, fixture, directory: directory.path, socketPath });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
