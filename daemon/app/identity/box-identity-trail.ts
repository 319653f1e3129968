import type { Actor } from '../../audit/actor.js';
import type { AuditAction } from '../../audit/audit-action.js';
import type { AuditLog } from '../../audit/audit-log.js';
import { isRollcallError } from '../../base/errors.js';
import { isoTime } from '../../domain/iso-time.js';
import type { IdentityKeys } from '../../publish/identity/identity-keys.js';
import type { IdentityChange } from '../../publish/identity/identity-state.js';
import type { Records } from '../../records/open-records.js';

/** Events of rotations that are looked through: more do not lie between a kill and the next start. */
const mostLookedAt = 16;

const actions = {
  created: 'identity.created',
  rotated: 'identity.rotated',
  replaced: 'identity.replaced',
} as const satisfies Record<IdentityChange, AuditAction>;

export interface IdentityTrailParts {
  readonly keys: Pick<IdentityKeys, 'state' | 'announced'>;
  readonly records: Pick<Records, 'record' | 'list'>;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
}

/**
 * Records how the key in force came about, as an event and in the audit log, unless that was done: once each, also where the
 * process was killed between two steps and does it again at its next start. @throws what writing throws
 */
export async function trailIdentity({ keys, records, audit }: IdentityTrailParts, by: Actor): Promise<void> {
  const { unannounced, current, former } = keys.state;
  if (unannounced === undefined) return;
  const { keyId, sinceMs } = current;
  const [before] = unannounced === 'created' ? [] : former;
  if (before !== undefined && !isRecorded(records, keyId)) {
    const { keyId: formerKeyId, untilMs: formerUntilMs } = before;
    records.record({ kind: 'identity', occurredAtMs: sinceMs, keyId, formerKeyId, formerUntilMs });
  }
  const action = actions[unannounced];
  if (!isAudited(audit, action, keyId)) {
    const details =
      before === undefined ? {} : { former: subjectOf(before.keyId), until: isoTime(before.untilMs) };
    audit.append({ by, action, subject: subjectOf(keyId), details });
  }
  await keys.announced();
}

/** A thumbprint may begin with a character that no word of the audit log begins with. */
const subjectOf = (keyId: string): string => `key:${keyId}`;

function isRecorded(records: Pick<Records, 'list'>, keyId: string): boolean {
  const recorded = records.list({ kind: 'identity', limit: mostLookedAt });
  return recorded.some(({ payload }) => {
    const event = JSON.parse(Buffer.from(payload).toString('utf8')) as { data?: { keyId?: unknown } };
    return event.data?.keyId === keyId;
  });
}

function isAudited(audit: Pick<AuditLog, 'list'>, action: AuditAction, keyId: string): boolean {
  try {
    return audit.list({ action, subject: subjectOf(keyId), limit: 1 }).length > 0;
  } catch (error) {
    // While there is no gallery file, entries wait; that of before lies in a file that is gone.
    if (isRollcallError(error, 'audit-log-missing')) return false;
    throw error;
  }
}
