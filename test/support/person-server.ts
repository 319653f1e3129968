import { join } from 'node:path';
import { isRollcallError } from '../../daemon/base/errors.js';
import { silentLogger } from '../../daemon/base/logger.js';
import type { BoxControl } from '../../daemon/control/box-control.js';
import { ControlClient } from '../../daemon/control/client.js';
import type { OpenImport } from '../../daemon/control/person-client.js';
import type { PersonControl } from '../../daemon/control/person-control.js';
import { startControlServer } from '../../daemon/control/server.js';
import { MemoryPersons } from './memory-persons.js';
import { temporaryDirectory } from './temporary-directory.js';

/** A control server on a unix socket of its own, with persons in memory behind it. */
export interface PersonServer<Behind extends PersonControl = MemoryPersons> extends AsyncDisposable {
  readonly directory: string;
  readonly socketPath: string;
  readonly behind: Behind;
  readonly client: ControlClient;
}

export function startPersonServer(): Promise<PersonServer> {
  return servePersons(new MemoryPersons());
}

/** The same with any other persons behind it. */
export async function servePersons<Behind extends PersonControl>(
  behind: Behind,
): Promise<PersonServer<Behind>> {
  const directory = await temporaryDirectory();
  const socketPath = join(directory.path, 'control.sock');
  // Nothing but persons is asked for here.
  const box = { persons: behind } as Partial<BoxControl> as BoxControl;
  const server = await startControlServer({ socketPath, box, logger: silentLogger });
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

/** Persons as they are seen through the wire: the port again, so that one contract goes for both of its ends. */
export function personsOverWire({ persons }: ControlClient): PersonControl {
  const imports = new Map<string, OpenImport>();
  const importOf = async (id: string): Promise<OpenImport> => imports.get(id) ?? persons.openImport();
  return {
    add: (request) => persons.add(request),
    list: (options) => persons.list(options),
    show: (id) => unlessNobody(persons.show(id)),
    update: (id, change) => persons.update(id, change),
    remove: async (id) => {
      try {
        const answer = await unlessNobody(persons.remove(id));
        return { outcome: answer === undefined ? 'no-such-person' : 'removed' };
      } catch (error) {
        if (!isRollcallError(error, 'already-removed')) throw error;
        const { removedAt } = error.details as { readonly removedAt: string };
        const canBeRestored = error.remedy?.includes('restore') === true;
        return { outcome: 'already-removed', removedAt, canBeRestored };
      }
    },
    restore: (id) => persons.restore(id),
    erase: (id) => unlessNobody(persons.erase(id)),
    withdrawConsent: (id) => unlessNobody(persons.withdrawConsent(id)),
    exportPerson: (id, scope) => unlessNobody(persons.export(id, scope)),
    readPhotograph: (id, photographId) => unlessNobody(persons.readPhotograph(id, photographId)),
    beginImport: async () => {
      const opened = await persons.openImport();
      const id = `import ${imports.size}`;
      imports.set(id, opened);
      return id;
    },
    stage: async (id, row) => (await importOf(id)).stage(row),
    commitImport: async (id) => (await importOf(id)).commit(),
    abandonImport: async (id) => (await importOf(id)).abandon(),
  };
}

async function unlessNobody<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRollcallError(error, 'no-such-person') || isRollcallError(error, 'no-such-photograph'))
      return undefined;
    throw error;
  }
}
