import type { auditOperations } from '../../contract/audit.js';
import type { Handlers } from '../../contract/handlers.js';
import type { ReloadResult } from '../../contract/status.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import { auditDigest } from './audit-digest.js';
import { auditFollower } from './audit-follower.js';
import { type AuditHandlersOptions, auditHandlers } from './audit-handlers.js';
import type { AuditLog } from './audit-log.js';
import { auditReload } from './audit-trail.js';
import { ReadingTrail } from './reading-trail.js';

interface Audited {
  readonly vault: { readonly audit: AuditLog };
}

/** Writes the outcome of each reload into the audit log. */
export function auditReloads({
  vault,
  onReload,
  logger,
}: PartContext & Audited & { readonly onReload: (listener: (result: ReloadResult) => void) => void }): void {
  onReload((result) => auditReload(vault.audit, result, logger));
}

/** Opens the trail of who reads personal data, and serves the audit log. */
export function openAudit({
  vault,
  identity,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly vault: Audited['vault'] & { readonly keySlots: ReturnType<AuditHandlersOptions['keys']> };
  readonly identity: BoxIds;
}): { readonly readings: ReadingTrail; readonly handlers: Handlers<typeof auditOperations> } {
  const { audit } = vault;
  return {
    readings: lifetime.use('readings of names', new ReadingTrail({ audit, clock, logger })),
    handlers: auditHandlers({ log: audit, identity, clock, keys: () => vault.keySlots }),
  };
}

/** Starts to record events about what the audit log says. */
export function followAudit({
  vault,
  records,
  lifetime,
  clock,
  logger,
}: PartContext & Audited & { readonly records: Records }): void {
  const options = { audit: vault.audit, records, clock, logger };
  lifetime.use('audit follower', auditFollower(options).start());
  lifetime.use('audit digest', auditDigest(options).start());
}
