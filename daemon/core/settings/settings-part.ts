import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import type { ReloadResult } from '../../contract/status.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { PartContext } from '../part-context.js';
import { configurationHandlers, OwnSettings } from './own-settings.js';

/** Opens the settings that were changed over the API, and serves the configuration. */
export async function openOwnSettings({
  vault: { audit },
  auditKeys,
  configPath,
  load,
  reload,
  current,
}: PartContext & {
  readonly vault: { readonly audit: AuditLog };
  readonly auditKeys: Pick<AuditKeyRing, 'key'>;
  readonly configPath: string;
  readonly load: (options: LoadOptions) => Promise<LoadedConfig>;
  readonly reload: () => Promise<ReloadResult>;
}) {
  const settings = new OwnSettings({
    ...{ configPath, load, reload, audit, current },
    auditKey: auditKeys.key,
  });
  await settings.settle();
  return { handlers: configurationHandlers(settings) };
}
