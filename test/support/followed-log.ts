import { type AuditFollowerOptions, auditFollower } from '../../daemon/app/audit/audit-follower.js';
import { silentLogger } from '../../daemon/base/logger.js';

/** Makes events of what stands in the audit log now. */
export async function followLog(options: Omit<AuditFollowerOptions, 'logger'>): Promise<void> {
  await using follower = auditFollower({ ...options, logger: silentLogger }).start();
  await follower.settled();
}
