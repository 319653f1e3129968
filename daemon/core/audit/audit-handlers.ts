import type { ActorCount, AuditEntry, auditOperations, ComplianceReport } from '../../contract/audit.js';
import type { Handlers } from '../../contract/handlers.js';
import type { HandlerInput, Page } from '../../contract/operation.js';
import { actorOf } from '../../kernel/actor.js';
import { type AuditAction, auditActions } from '../../kernel/audit-action.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { refuseLimited } from '../api/forbidden.js';
import { programVersion } from '../api/program-version.js';
import type { AuditEntry as StoredEntry } from './audit-entry.js';
import type { AuditLog } from './audit-log.js';
import type { AuditFilter } from './audit-rows.js';
import { severityOf } from './severity.js';

/** A key of the gallery, as its slot describes it. Known while the gallery is sealed, too. */
export interface KeyInUse {
  readonly keyId: string;
  readonly provider: string;
  readonly createdAtMs: number;
}

export interface AuditHandlersOptions {
  readonly log: AuditLog;
  readonly identity: BoxIds;
  readonly clock: Clock;
  readonly keys: () => readonly KeyInUse[];
}

const accessActions: ReadonlySet<string> = new Set<AuditAction>([
  'person.listed',
  'person.read',
  'person.exported',
  'person.photograph-read',
  'person.recognised',
  'person.verified',
  'evidence.read',
  'passage.listed',
  'passage.read',
  'passage.picture-read',
  'passage.clip-read',
  'backup.created',
  'backup.downloaded',
  'backup.restored',
  'audit.exported',
  'key.unlocked',
  'attendance.read',
  'login.succeeded',
]);
const refusedActions: ReadonlySet<string> = new Set<AuditAction>([
  'key.unlock-refused',
  'backup.refused',
  'login.failed',
  'login.locked',
  'user.claim-refused',
  'screen.pairing-refused',
  'access.refused',
]);
const mostErasures = 1000;
const dayMs = 86_400_000;
/** The last millisecond of the year 9999. */
const latestMs = Date.UTC(10_000, 0, 1) - 1;

/** The operations on the audit log. They work while the gallery is sealed, too. */
export function auditHandlers(options: AuditHandlersOptions): Handlers<typeof auditOperations> {
  const { log } = options;
  return {
    'audit.list': (query, { caller }) => {
      // Without gaps, it shows what is missing: a part of it proves nothing.
      refuseLimited(caller, 'all-cameras:audit');
      return listPage(log, query);
    },
    'audit.verify': ({ sequence, hash }) =>
      log.verifyInTurns(sequence === undefined || hash === undefined ? undefined : { sequence, hash }),
    async 'audit.report'({ from, to }, { caller }) {
      const period = { fromMs: Date.parse(from), toMs: Date.parse(to) };
      const report = await makeReport(period, options);
      const details = { ...report.period, outcome: report.integrity.outcome };
      log.append({ by: actorOf(caller), action: 'audit.exported', details });
      return report;
    },
  };
}

async function listPage(
  log: AuditLog,
  { limit, cursor, from, to, ...rest }: HandlerInput<(typeof auditOperations)['audit.list']>,
): Promise<Page<AuditEntry>> {
  if (rest.action !== undefined) refuseUnknownAction(rest.action);
  const fromMs = from === undefined ? undefined : Date.parse(from);
  const toMs = to === undefined ? undefined : Date.parse(to);
  const filter: AuditFilter = present({ ...rest, fromMs, toMs });
  const before = cursor === undefined ? undefined : sequenceOf(cursor);
  const entries = await log.listInTurns(filter, { limit, before });
  const last = entries.at(-1);
  const isFull = entries.length === limit && last !== undefined;
  return { items: entries.map(shown), ...(isFull ? { nextCursor: String(last.sequence) } : {}) };
}

/** The cursor of a page is the sequence of its last entry. */
function sequenceOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw refusal('bad-request:event-cursor');
}

/** Refuses unknown actions: a typing error would find nothing, as if nothing had happened. */
function refuseUnknownAction(action: string): void {
  const groups = [...new Set(auditActions.map((known) => known.split('.', 1).join()))];
  if (groups.includes(action) || auditActions.some((known) => known === action)) return;
  throw refusal('no-such-action', {
    action,
    groups: groups.join(', '),
    auditActions: auditActions.join(', '),
  });
}

async function makeReport(
  period: { readonly fromMs: number; readonly toMs: number },
  { log, identity, clock, keys }: AuditHandlersOptions,
): Promise<ComplianceReport> {
  const nowMs = clock.wallMs();
  const integrity = await log.verifyInTurns();
  const tally = await log.tallyInTurns(period);
  const actions = perAction(tally);
  const oldest = log.oldest();
  return {
    site: identity.siteId,
    box: identity.boxId,
    version: programVersion(),
    madeAt: isoTime(nowMs),
    period: { from: isoTime(period.fromMs), to: isoTime(period.toMs) },
    ...present({ oldestEntryAt: oldest && isoTime(oldest.atMs) }),
    entryCount: tally.reduce((sum, { count }) => sum + count, 0),
    actions,
    persons: {
      enrolled: actions['person.enrolled'] ?? 0,
      changed: (actions['person.changed'] ?? 0) + (actions['person.photographs-changed'] ?? 0),
      removed: actions['person.removed'] ?? 0,
      restored: actions['person.restored'] ?? 0,
      erased: actions['person.erased'] ?? 0,
      consentWithdrawn: actions['person.consent-withdrawn'] ?? 0,
    },
    erasures: await erasures(log, period),
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

async function erasures(log: AuditLog, period: AuditFilter): Promise<readonly AuditEntry[]> {
  const page = { limit: mostErasures };
  const erased = await log.listInTurns({ ...period, action: 'person.erased' }, page);
  const withdrawn = await log.listInTurns({ ...period, action: 'person.consent-withdrawn' }, page);
  return [...erased, ...withdrawn]
    .sort((a, b) => a.sequence - b.sequence)
    .slice(-mostErasures)
    .map(shown);
}

function describeKey(
  { keyId, provider, createdAtMs }: KeyInUse,
  nowMs: number,
): ComplianceReport['keys'][number] {
  const ageDays = Math.max(0, Math.floor((nowMs - createdAtMs) / dayMs));
  return { keyId, provider, madeAt: isoTime(createdAtMs), ageDays };
}

/** The times of an altered log may lie anywhere. Its other entries can still be read. */
function shown({ atMs, ...entry }: StoredEntry): AuditEntry {
  return { ...entry, at: isoTime(Math.min(Math.max(atMs, 0), latestMs)), severity: severityOf(entry.action) };
}
