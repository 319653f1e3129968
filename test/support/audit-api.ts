import { join } from 'node:path';
import { auditOperations } from '../../daemon/contract/audit.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { openLocalCaller } from '../../daemon/core/api/local-caller.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { auditHandlers, type KeyInUse } from '../../daemon/core/audit/audit-handlers.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
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
  const socketPath = join(directory.path, 'control.sock');
  await using _server = await startControlServer({
    ...{ socketPath, operations: auditOperations, logger: silentLogger },
    handlers: auditHandlers({ log, identity, clock, keys: () => keys }),
    callerOf: await openLocalCaller({ ownUid: process.getuid?.() ?? 0, adminGid: undefined }, silentLogger),
  });
  const configPath = join(directory.path, 'rollcall.yaml');
  const client = new ControlClient(socketPath);
  await work({ client, configPath, fixture, directory: directory.path, socketPath });
}
