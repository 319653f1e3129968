import type { Config } from '../../config/schema.js';
import type { PersonId } from '../../domain/ids.js';
import type { Records } from '../../records/open-records.js';
import type { GalleryAccess } from '../gallery/gallery-access.js';
import { Retention, type RetentionOptions } from '../retention/retention.js';
import { ageingKinds, emptyLogs, type RetentionSources } from '../retention/retention-kinds.js';

/** Starts retention over the gallery, in whatever state it is, and the records. */
export function startRetention({
  access,
  records,
  current,
  forgetPerson,
  clock,
  logger,
}: {
  readonly access: GalleryAccess;
  readonly records: Records;
  /** The configuration in force. */
  readonly current: () => Config;
  /** Tracks in sight are no longer taken for this person. */
  readonly forgetPerson: (id: PersonId) => void;
} & Pick<RetentionOptions, 'clock' | 'logger'>): Retention {
  const { site, gallery, records: inRecords } = current();
  const sources: RetentionSources = {
    file: () => access.fileIfOpen,
    gallery: () => access.open?.gallery,
    forgetPerson,
    records: records.retention,
    databasePaths: [gallery.path, inRecords.path],
    clock,
  };
  return new Retention({
    kinds: (by) => ageingKinds(sources, by),
    rules: () => current().retention,
    timeZone: site.timeZone,
    newestRecordMs: () => records.list({ limit: 1 })[0]?.recordedAtMs,
    emptyLogs: () => emptyLogs(sources),
    audit: access.audit,
    database: () => access.fileIfOpen?.database,
    clock,
    logger,
  }).start();
}
