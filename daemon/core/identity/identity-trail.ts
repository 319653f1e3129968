import type { Actor } from '../../kernel/actor.js';
import type { AuditAction } from '../../kernel/audit-action.js';
import { isRollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Records } from '../records/records.js';
import type { IdentityKeys } from './identity-keys.js';
import type { FormerKey, IdentityChange } from './identity-state.js';

/** More rotations cannot happen between a kill and the next start. */
const mostRotationsRead = 16;

const actions = {
  created: 'identity.created',
  rotated: 'identity.rotated',
  replaced: 'identity.replaced',
} as const satisfies Record<IdentityChange, AuditAction>;

export interface IdentityTrailOptions {
  readonly keys: Pick<IdentityKeys, 'state' | 'announced'>;
  readonly records: Pick<Records, 'record' | 'list'>;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
}

/**
 * Records the origin of the key in force as an event and in the audit log, unless both exist. Each is written once, even if a
 * kill between two steps makes the next start repeat them. Throws when one cannot be written.
 */
export async function trailIdentity(
  { keys, records, audit }: IdentityTrailOptions,
  by: Actor,
): Promise<void> {
  const { unannounced, current, former } = keys.state;
  if (unannounced === undefined) return;
  const { keyId, sinceMs } = current;
  const [before] = unannounced === 'created' ? [] : former;
  if (before !== undefined && !isRecorded(records, keyId)) {
    const { keyId: formerKeyId } = before;
    const formerUntilMs = endOf(before);
    records.record({ kind: 'identity', occurredAtMs: sinceMs, keyId, formerKeyId, formerUntilMs });
  }
  const action = actions[unannounced];
  if (!isAudited(audit, action, keyId)) {
    const details =
      before === undefined ? {} : { former: subjectOf(before.keyId), until: isoTime(endOf(before)) };
    audit.append({ by, action, subject: subjectOf(keyId), details });
  }
  await keys.announced();
}

/** Until when signatures of a former key count. */
const endOf = ({ untilMs, endedMs = untilMs }: FormerKey): number => Math.min(untilMs, endedMs);

/** The prefix makes it a valid word of the audit log: a thumbprint may begin with '-' or '_'. */
const subjectOf = (keyId: string): string => `key:${keyId}`;

function isRecorded(records: Pick<Records, 'list'>, keyId: string): boolean {
  const recorded = records.list({ kind: 'identity', limit: mostRotationsRead });
  return recorded.some(({ payload }) => {
    const event = JSON.parse(Buffer.from(payload).toString('utf8')) as { data?: { keyId?: unknown } };
    return event.data?.keyId === keyId;
  });
}

function isAudited(audit: Pick<AuditLog, 'list'>, action: AuditAction, keyId: string): boolean {
  try {
    return audit.list({ action, subject: subjectOf(keyId), limit: 1 }).length > 0;
  } catch (error) {
    // Without a gallery file, entries wait in memory, and the former log cannot be read.
    if (isRollcallError(error, 'audit-log-missing')) return false;
    throw error;
  }
}
