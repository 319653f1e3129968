import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { parse, stringify } from 'yaml';
import { eventOperations } from '../../daemon/contract/events.js';
import { identityOperations, type ShownIdentity } from '../../daemon/contract/identity.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { createAdmission, localBounds } from '../../daemon/core/api/admission.js';
import { openLocalCaller } from '../../daemon/core/api/local-caller.js';
import { serveOperations } from '../../daemon/core/api/serve.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { Publisher } from '../../daemon/core/delivery/publisher.js';
import { eventHandlers, RecordedEvents } from '../../daemon/core/events/recorded-events.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type CommandResult, rollcall } from './box.js';
import { openTestRecords } from './published-box.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The events part of the local API over real records, and the commands that speak to it. */
export interface EventApi {
  readonly directory: string;
  readonly records: RecordStores;
  readonly events: RecordedEvents;
  /** The written audit entries. */
  readonly audited: readonly NewAuditEntry[];
  readonly socketPath: string;
  /** Number of subscriptions to recorded events. */
  listenerCount(): number;
  /** Closes the server and its connections, like a daemon that stops. */
  close(): Promise<void>;
  /** Listens again. */
  listen(): Promise<void>;
  /** Runs `rollcall` with these arguments. */
  run(args: readonly string[], input?: string): Promise<CommandResult>;
}

interface EventApiParts {
  readonly publisher?: () => Publisher | undefined;
  readonly identity?: () => ShownIdentity;
  /** Keeps the pictures of events. */
  readonly gallery?: Pick<Gallery, 'evidenceOfEvent'>;
  /** Opens the records at this path. */
  readonly openAt?: (path: string) => RecordStores;
}

export async function withEventApi(
  work: (api: EventApi) => Promise<void>,
  { publisher, identity, gallery, openAt = openTestRecords }: EventApiParts = {},
): Promise<void> {
  await using directory = await temporaryDirectory();
  await using records = openAt(join(directory.path, 'records.db'));
  const socketPath = join(directory.path, 'control.sock');
  const configPath = join(directory.path, 'rollcall.yaml');
  const written = stringify({ site: { id: 'site', timeZone: 'UTC' }, control: { socketPath } });
  await writeFile(configPath, written);
  const config = configSchema.parse(parse(written));
  const audited: NewAuditEntry[] = [];
  let listeners = 0;
  const events = new RecordedEvents({
    records: {
      ...records,
      onRecorded(listener) {
        listeners += 1;
        const end = records.onRecorded(listener);
        return () => {
          listeners -= 1;
          end();
        };
      },
    },
    publisher: publisher ?? (() => undefined),
    current: () => config,
    audit: (entry) => void audited.push(entry),
    readings: { note: (entry) => void audited.push(entry) },
    gallery: () => gallery ?? { evidenceOfEvent: () => undefined },
    clock: systemClock,
  });
  const app = new Hono();
  const noIdentity = (): never => {
    throw new Error('this test has no identity');
  };
  const callerOf = await openLocalCaller(
    { ownUid: process.getuid?.() ?? 0, adminGid: undefined },
    silentLogger,
  );
  app.route(
    '/',
    serveOperations({
      operations: { ...eventOperations, ...identityOperations },
      handlers: {
        ...eventHandlers(events),
        ...{ 'identity.show': identity ?? noIdentity, 'identity.rotate': noIdentity },
      },
      ...{ authenticate: callerOf, anonymous: callerOf, isLocal: true, nowMs: Date.now },
      admission: createAdmission(() => localBounds, undefined),
      logger: silentLogger,
    }),
  );
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
    const listenerCount = (): number => listeners;
    const parts = { directory: directory.path, socketPath, records, events, audited };
    await work({ ...parts, listenerCount, close, listen, run });
  } finally {
    await close();
  }
}
