import type { Handlers } from '../../contract/handlers.js';
import type { ModelPack, modelOperations } from '../../contract/models.js';
import type { Config } from '../../contract/settings/schema.js';
import { openConfiguredStore } from '../../host/models/configured-store.js';
import type { PackStatus } from '../../host/models/store.js';

/** The operation that lists the model packs. It keeps one store, because a store remembers the files that it has read. */
export function modelsHandlers(options: {
  /** The section of the configuration in force. */
  readonly current: () => Config['models'];
}): Handlers<typeof modelOperations> {
  const stores = new Map<string | null, ReturnType<typeof openConfiguredStore>>();
  return {
    async 'models.list'() {
      const { dir } = options.current();
      const store = stores.get(dir ?? null) ?? openConfiguredStore(dir);
      stores.set(dir ?? null, store);
      return (await (await store).list()).map(described);
    },
  };
}

function described(status: PackStatus): ModelPack {
  const { id, role, title, source, licence, sha256, sizeBytes } = status.pack;
  return {
    ...{ id, role, title, source: source.kind, licence: licence.name, sha256, sizeBytes },
    state: status.state,
    ...(status.state === 'absent' && { remedy: status.remedy, says: status.says }),
    ...(status.state === 'damaged' && { foundSha256: status.foundSha256 }),
  };
}
