import type { AuditAction } from '../../kernel/audit-action.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { BoxCondition } from '../../kernel/events/notice.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ConditionPort } from '../delivery/condition-port.js';

const weekMs = 7 * 86_400_000;

/** The faults that the audit log has from the last week: whoever can write the altered file cannot end that. */
export function faultsOfWeek(
  audit: Pick<AuditLog, 'list'>,
  action: AuditAction,
  clock: Pick<Clock, 'wallMs'>,
): ReadonlySet<string> {
  const found = new Set<string>();
  try {
    for (const { details } of audit.list({ action, fromMs: clock.wallMs() - weekMs })) {
      for (const each of String(details['found'] ?? '').split(',')) found.add(each.split(':')[0] ?? '');
    }
  } catch (error) {
    if (!isRollcallError(error, 'audit-log-missing')) throw error;
  }
  return found;
}

/** Begins, changes or ends the condition of a file that somebody altered. */
export function reportFaults(
  conditions: Pick<ConditionPort, 'change' | 'end'>,
  condition: BoxCondition,
  { found, all }: { readonly found: ReadonlySet<string>; readonly all: readonly string[] },
): void {
  const active = all.filter((fault) => found.has(fault));
  if (active.length === 0) conditions.end(condition);
  else conditions.change(condition, {}, { active, over: all.filter((fault) => !found.has(fault)) });
}
