import { type AuditFollowerOptions, auditFollower } from '../../daemon/core/audit/audit-follower.js';
import { silentLogger } from '../../daemon/kernel/logger.js';

/** Records events for the present entries of the audit log. */
export async function followLog(options: Omit<AuditFollowerOptions, 'logger'>): Promise<void> {
  await using follower = auditFollower({ ...options, logger: silentLogger }).start();
  await follower.settled();
}
