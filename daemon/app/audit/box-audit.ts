import type { AuditAction } from '../../audit/audit-action.js';
import type { AuditEntry } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import type {
  ActorCount,
  AuditControl,
  ComplianceReport,
  KeyAge,
  ReportPeriod,
  ShownAuditEntry,
} from '../../control/audit-control.js';
import { programVersion } from '../../control/program-version.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { isoTime } from '../../domain/iso-time.js';

/** A key of the gallery as its slots tell of it, also while the gallery is sealed. */
export interface KeyInUse {
  readonly keyId: string;
  readonly provider: string;
  readonly createdAtMs: number;
}

export interface BoxAuditOptions {
  readonly log: AuditLog;
  readonly identity: BoxIdentity;
  readonly clock: Clock;
  readonly keys: () => readonly KeyInUse[];
}

const accessActions: ReadonlySet<string> = new Set<AuditAction>([
  'person.listed',
  'person.read',
  'person.exported',
  'person.photograph-read',
  'evidence.read',
  'backup.created',
  'backup.restored',
  'audit.exported',
  'key.unlocked',
  'attendance.read',
]);
const refusedActions: ReadonlySet<string> = new Set<AuditAction>(['key.unlock-refused', 'backup.refused']);
const mostErasures = 1000;
const dayMs = 86_400_000;

/** The audit log as the local API sees it. */
export function createBoxAudit(options: BoxAuditOptions): AuditControl {
  const { log } = options;
  return {
    list({ limit, ...query }) {
      const filter = Object.entries(query).filter(([, value]) => value !== undefined);
      return log.list({ ...Object.fromEntries(filter), limit }).map(show);
    },
    verify: (noted) => log.verifyInTurns(noted),
    async report(period, actor) {
      const report = await makeReport(period, options);
      const { fromMs, toMs } = period;
      const details = { from: isoTime(fromMs), to: isoTime(toMs), outcome: report.integrity.outcome };
      log.append({ by: actor, action: 'audit.exported', details });
      return report;
    },
  };
}

async function makeReport(
  { fromMs, toMs }: ReportPeriod,
  { log, identity, clock, keys }: BoxAuditOptions,
): Promise<ComplianceReport> {
  const nowMs = clock.wallMs();
  const integrity = await log.verifyInTurns();
  const tally = log.tally({ fromMs, toMs });
  const actions = perAction(tally);
  const oldest = log.oldest();
  return {
    site: identity.siteId,
    box: identity.boxId,
    version: programVersion(),
    madeAt: isoTime(nowMs),
    period: { from: isoTime(fromMs), to: isoTime(toMs) },
    ...(oldest === undefined ? {} : { oldestEntryAt: isoTime(oldest.atMs) }),
    entryCount: log.count({ fromMs, toMs }),
    actions,
    persons: {
      enrolled: actions['person.enrolled'] ?? 0,
      changed: actions['person.changed'] ?? 0,
      removed: actions['person.removed'] ?? 0,
      restored: actions['person.restored'] ?? 0,
      erased: actions['person.erased'] ?? 0,
      consentWithdrawn: actions['person.consent-withdrawn'] ?? 0,
    },
    erasures: erasures(log, { fromMs, toMs }),
    accesses: tally.filter(({ action }) => accessActions.has(action)),
    refusals: tally.filter(({ action }) => refusedActions.has(action)),
    keys: keys().map((key) => describeKey(key, nowMs)),
    integrity,
  };
}

function perAction(tally: readonly ActorCount[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { action, count } of tally) counts[action] = (counts[action] ?? 0) + count;
  return counts;
}

function erasures(log: AuditLog, period: ReportPeriod): readonly ShownAuditEntry[] {
  return ['person.erased', 'person.consent-withdrawn']
    .flatMap((action) => log.list({ ...period, action, limit: mostErasures }))
    .sort((a, b) => a.sequence - b.sequence)
    .slice(-mostErasures)
    .map(show);
}

function describeKey({ keyId, provider, createdAtMs }: KeyInUse, nowMs: number): KeyAge {
  const ageDays = Math.max(0, Math.floor((nowMs - createdAtMs) / dayMs));
  return { keyId, provider, madeAt: isoTime(createdAtMs), ageDays };
}

function show({ atMs, ...entry }: AuditEntry): ShownAuditEntry {
  return { ...entry, at: isoTime(atMs) };
}
