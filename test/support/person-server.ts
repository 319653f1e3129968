import { join } from 'node:path';
import { importOperations } from '../../daemon/contract/imports.js';
import { personOperations } from '../../daemon/contract/persons.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { OpenImports } from '../../daemon/core/persons/open-imports.js';
import { personHandlers } from '../../daemon/core/persons/person-handlers.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type GalleryPersons, openGalleryPersons } from './gallery-persons.js';
import { temporaryDirectory } from './temporary-directory.js';

/** A control server on a unix socket of its own, with the persons of a sealed gallery behind it. */
export interface PersonServer extends AsyncDisposable {
  readonly directory: string;
  readonly socketPath: string;
  readonly behind: GalleryPersons;
  readonly client: ControlClient;
}

/** Serves the persons of a new gallery, which ends with the server. */
export async function startPersonServer(): Promise<PersonServer> {
  const behind = await openGalleryPersons();
  const server = await servePersons(behind);
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await behind[Symbol.asyncDispose]();
    },
  };
}

/** Serves the persons of a gallery that the caller closes. */
export async function servePersons(behind: GalleryPersons): Promise<PersonServer> {
  const directory = await temporaryDirectory();
  const socketPath = join(directory.path, 'control.sock');
  const server = await startControlServer({
    socketPath,
    operations: { ...personOperations, ...importOperations },
    handlers: {
      ...personHandlers(behind.persons),
      ...new OpenImports(behind.persons, systemClock, silentLogger),
    },
    logger: silentLogger,
  });
  return {
    directory: directory.path,
    socketPath,
    behind,
    client: new ControlClient(socketPath),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
