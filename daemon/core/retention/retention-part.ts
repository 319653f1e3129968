import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import type { RecordsRetention } from './records-retention.js';
import { Retention, retentionHandlers } from './retention.js';
import { ageingKinds, emptyLogs, type RetentionSources } from './retention-kinds.js';

/** Starts retention over the records and the gallery. It runs while the gallery is sealed, too. */
export function startRetention({
  vault,
  records,
  forgetPerson,
  forgetCopies,
  current,
  lifetime,
  clock,
  logger,
}: PartContext &
  Pick<RetentionSources, 'forgetPerson' | 'forgetCopies'> & {
    readonly vault: GalleryVault;
    readonly records: Records & { readonly retention: RecordsRetention };
  }) {
  const { site, gallery, records: recordsConfig } = current();
  const sources: RetentionSources = {
    file: () => vault.fileIfOpen,
    gallery: () => vault.open?.gallery,
    ...{ forgetPerson, forgetCopies },
    records: records.retention,
    databasePaths: [gallery.path, recordsConfig.path],
    clock,
  };
  const retention = new Retention({
    kinds: (by) => ageingKinds(sources, by),
    rules() {
      const { retention: rules } = current();
      // Strangers who are not remembered cannot be ignored either.
      return rules.strangers === 0 ? { ...rules, ignoredStrangers: 0 } : rules;
    },
    timeZone: site.timeZone,
    newestRecordMs: () => records.lastRecordedMs(),
    emptyLogs: () => emptyLogs(sources),
    audit: vault.audit,
    database: () => vault.fileIfOpen?.database,
    clock,
    logger,
  });
  lifetime.use('retention', retention.start());
  return { retention, handlers: retentionHandlers(retention) };
}
