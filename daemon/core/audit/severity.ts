import type { AuditAction } from '../../kernel/audit-action.js';
import type { Severity } from '../../kernel/severity.js';

/** Actions that are more than `info`. The severity follows from the action, so that the chain of the log needs no field for it. */
const above: Partial<Record<AuditAction, Severity>> = {
  'accounts.sealed': 'warning',
  'accounts.set-aside': 'critical',
  'login.failed': 'warning',
  'login.locked': 'critical',
  'session.reused': 'critical',
  'user.claim-made': 'warning',
  'user.claim-refused': 'warning',
  'user.claimed': 'critical',
  'user.created': 'warning',
  'user.removed': 'warning',
  'user.password-reset': 'warning',
  'user.second-factor-removed': 'warning',
  'user.recovery-code-used': 'warning',
  'user.passkey-added': 'warning',
  'user.passkey-suspect': 'warning',
  'role.changed': 'warning',
  'access.key-created': 'warning',
  'screen.added': 'warning',
  'screen.pairing-refused': 'warning',
  'access.refused': 'warning',
  'approval.given': 'warning',
  'approval.refused': 'warning',
  'person.erased': 'warning',
  'alert.muted': 'warning',
  'alert.channel-added': 'warning',
  'alert.channel-changed': 'warning',
  'alert.channel-removed': 'warning',
  'person.exported': 'warning',
  'key.unlock-refused': 'warning',
  'key.provider-changed': 'critical',
  'backup.restored': 'critical',
  'backup.downloaded': 'warning',
  'backup.refused': 'warning',
  'backup.recovery-key-changed': 'critical',
  'gallery.row-quarantined': 'critical',
  'identity.rotated': 'warning',
  'identity.replaced': 'critical',
  'records.lost': 'critical',
  'records.set-aside': 'critical',
  'trust.added': 'critical',
  'trust.set-aside': 'critical',
  'command.refused': 'warning',
  'configuration.edited': 'warning',
  'configuration.refused': 'warning',
  'audit.key-changed': 'critical',
};

const byAction: Readonly<Record<string, Severity | undefined>> = above;

/** How important an entry is. */
export function severityOf(action: string): Severity {
  return (Object.hasOwn(byAction, action) ? byAction[action] : undefined) ?? 'info';
}
