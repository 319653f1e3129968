import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { parse, stringify } from 'yaml';
import { BoxEvents } from '../../daemon/app/events/box-events.js';
import type { NewAuditEntry } from '../../daemon/audit/audit-entry.js';
import { isRollcallError } from '../../daemon/base/errors.js';
import { configSchema } from '../../daemon/config/schema.js';
import { addEventRoutes } from '../../daemon/control/event-routes.js';
import { problem } from '../../daemon/control/routes.js';
import { openRequestActor } from '../../daemon/control/socket-request-actor.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Publisher } from '../../daemon/publish/publisher.js';
import type { Records } from '../../daemon/records/open-records.js';
import { type CommandResult, rollcall } from './box.js';
import { openTestRecords } from './published-box.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The events part of the local API over real records, and the commands that speak to it. */
export interface EventApi {
  readonly directory: string;
  readonly records: Records;
  readonly events: BoxEvents;
  /** What was written into the audit log. */
  readonly audited: readonly NewAuditEntry[];
  readonly socketPath: string;
  /** Ends the server and hangs up, as a daemon does that ends. */
  close(): Promise<void>;
  /** Listens again. */
  listen(): Promise<void>;
  /** Runs `rollcall` with these arguments. */
  run(args: readonly string[], input?: string): Promise<CommandResult>;
}

export async function withEventApi(
  work: (api: EventApi) => Promise<void>,
  { publisher, identity }: { publisher?: () => Publisher | undefined; identity?: unknown } = {},
): Promise<void> {
  await using directory = await temporaryDirectory();
  await using records = openTestRecords(join(directory.path, 'records.db'));
  const socketPath = join(directory.path, 'control.sock');
  const configPath = join(directory.path, 'rollcall.yaml');
  const written = stringify({ site: { id: 'site', timeZone: 'UTC' }, control: { socketPath } });
  await writeFile(configPath, written);
  const config = configSchema.parse(parse(written));
  const audited: NewAuditEntry[] = [];
  const events = new BoxEvents({
    records,
    publisher: publisher ?? (() => undefined),
    current: () => config,
    audit: (entry) => void audited.push(entry),
    clock: systemClock,
  });
  const app = new Hono();
  app.onError((error, context) => {
    if (!isRollcallError(error)) throw error;
    return context.json(problem(error), error.kind === 'input' ? 400 : 503);
  });
  app.get('/v1/identity', (context) => context.json(identity ?? {}));
  addEventRoutes(app, events, await openRequestActor());
  let server = createServer();
  const listen = async (): Promise<void> => {
    server = createServer(getRequestListener(app.fetch));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  };
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await listen();
  const run: EventApi['run'] = (args, input) => rollcall([...args, '--config', configPath], input);
  try {
    await work({ directory: directory.path, socketPath, records, events, audited, close, listen, run });
  } finally {
    await close();
  }
}
