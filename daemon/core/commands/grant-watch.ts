import { type Actor, daemonAtStart } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { RetentionRule } from '../../kernel/retention/retention-rules.js';
import { readState, type StatedSet, stateDetail } from '../../kernel/stated-set.js';
import type { AuditEntry, NewAuditEntry } from '../audit/audit-entry.js';
import { whereThereIsALog } from '../audit/audit-keeper.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { Grant } from '../records/seals/grant-seal.js';
import { grantFaults, type LoggedGrants } from './grant-judgement.js';
import type { Grants, SetAside, SettledGrants } from './grants.js';

export interface GrantWatchOptions {
  readonly grants: Grants;
  readonly audit: Pick<AuditLog, 'append' | 'list' | 'isWholeSince' | 'verify'>;
  /** How long entries of the audit log are kept. */
  readonly auditKept: () => RetentionRule;
  readonly conditions: Pick<ConditionPort, 'change' | 'end'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const cannotCompare =
  'trusted keys, camera switches and alert channels cannot be compared with the audit log; retrying';
const hourMs = 3_600_000;
export const lookAtGrantsEveryMs = 6 * hourMs;
/** The groups and actions of the log that state the grants. */
const statingActions = [
  ...['trust', 'camera.switched', 'camera.released'],
  ...['alert.channel-added', 'alert.channel-changed', 'alert.channel-removed'],
];
/** The state is written to the audit log again before retention deletes its latest entry. */
const longestUnstatedMs = 7 * 24 * hourMs;

/**
 * Compares the grants (trusted keys, camera switches and versions of alert channels) with the audit log: at the start, after a restore and four times a
 * day. Grants that do not match are set aside and reported as the condition `trust-altered`, until a person dismisses them.
 */
export class GrantWatch implements AsyncDisposable {
  readonly #options: GrantWatchOptions;
  readonly #recurring: Recurring;

  constructor(options: GrantWatchOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#recurring = new Recurring({
      clock,
      everyMs: lookAtGrantsEveryMs,
      work: () => this.check(),
      onFailure: (error) => logger.error(cannotCompare, { error }),
    });
  }

  /** Resolves after the first check. */
  async start(): Promise<this> {
    await this.#recurring.start().settled();
    return this;
  }

  /** Does nothing while there is no audit log. Throws when reading or writing fails. */
  check(): Promise<void> {
    return whereThereIsALog(() => {
      const { grants, clock } = this.#options;
      const newest = this.#newestStatement();
      const settled = grants.settle(this.#logged(newest), clock.wallMs(), (found) =>
        this.#auditResult(found),
      );
      if (settled.state === undefined && this.#isOld(newest))
        this.#auditState({ by: daemonAtStart, action: 'trust.stated' });
      this.#report(settled);
    });
  }

  /** Starts a check and does not wait for it. */
  checkSoon(): void {
    this.check().catch((error: unknown) => this.#options.logger.error(cannotCompare, { error }));
  }

  aside(): readonly SetAside[] {
    return this.#options.grants.aside();
  }

  /** Forgets the grants that were set aside. Returns their number. */
  dismiss(by: Actor): number {
    const { grants } = this.#options;
    const count = grants.aside().length;
    if (count > 0) this.#auditState({ by, action: 'trust.dismissed', details: { entries: count } });
    const dismissed = grants.dismiss();
    this.#report();
    return dismissed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recurring[Symbol.asyncDispose]();
  }

  /** The newest entry with the state of the grants. Those that an earlier version of the program wrote about channels have none. */
  #newestStatement(): AuditEntry | undefined {
    const { audit } = this.#options;
    return statingActions
      .flatMap((action) => audit.list({ action, limit: 1 }))
      .filter(({ details }) => readState(details) !== undefined)
      .sort((a, b) => a.sequence - b.sequence)
      .at(-1);
  }

  #logged(newest: AuditEntry | undefined): LoggedGrants {
    const { audit } = this.#options;
    const [restored] = audit.list({ action: 'backup.restored', limit: 1 });
    const isReplaced = restored !== undefined && restored.sequence > (newest?.sequence ?? 0);
    const state = newest && readState(newest.details);
    if (newest === undefined || state === undefined) {
      // "Silent" is believed only if the whole log is intact: an attacker may have removed the statement.
      if (audit.verify().outcome !== 'whole') return { outcome: 'broken' };
      return { outcome: 'silent', isReplaced };
    }
    if (!audit.isWholeSince(newest.sequence)) return { outcome: 'broken' };
    return { outcome: 'stated', state, isReplaced, isAbout: (grant) => isAbout(newest, grant) };
  }

  #isOld(newest: AuditEntry | undefined): boolean {
    if (newest === undefined) return false;
    const { clock, auditKept } = this.#options;
    const kept = auditKept();
    const keptMs = kept === 'forever' ? Number.POSITIVE_INFINITY : kept * 24 * hourMs;
    return Math.abs(clock.wallMs() - newest.atMs) > Math.min(longestUnstatedMs, keptMs / 2);
  }

  #auditResult({ faults, state }: SettledGrants): void {
    const { audit } = this.#options;
    if (state === undefined) return;
    const found = [...faults].map(([fault, count]) => `${fault}:${count}`);
    const entry =
      found.length === 0
        ? ({ action: 'trust.stated', details: stateDetail(state) } as const)
        : ({ action: 'trust.set-aside', details: { ...stateDetail(state), found } } as const);
    audit.append({ by: daemonAtStart, ...entry });
  }

  /** Writes an entry with the state of the grants. */
  #auditState(entry: NewAuditEntry): void {
    const { grants, audit, clock } = this.#options;
    const append = (state: StatedSet): void =>
      void audit.append({ ...entry, details: { ...entry.details, ...stateDetail(state) } });
    grants.change((all) => all, clock.wallMs(), append);
  }

  #report(settled?: SettledGrants): void {
    const { grants, conditions, logger } = this.#options;
    if (settled !== undefined && settled.faults.size > 0) {
      logger.error(
        'trusted keys, camera switches or alert channels do not match the audit log; they are set aside',
        {
          found: Object.fromEntries(settled.faults),
          remedy:
            "Run 'rollcall trust list', add the keys that you trust and save the alert channels again, then run 'rollcall trust dismiss'.",
        },
      );
    }
    const reasons = new Set(grants.aside().map(({ reason }) => reason));
    if (reasons.size === 0) conditions.end('trust-altered');
    else {
      const over = grantFaults.filter((fault) => !reasons.has(fault));
      conditions.change('trust-altered', { entries: grants.aside().length }, { active: [...reasons], over });
    }
  }
}

function isAbout({ action, subject, details }: AuditEntry, { kind, id, content }: Grant): boolean {
  if (action.startsWith('camera.')) return kind === 'camera-switch' && id === subject;
  if (action.startsWith('alert.')) return kind === 'alert-channel' && id === subject;
  if (action !== 'trust.added' && action !== 'trust.removed') return false;
  if (kind !== 'trusted-key') return false;
  const { issuerId } = JSON.parse(content) as { readonly issuerId?: unknown };
  return issuerId === subject && (details['keyId'] === undefined || details['keyId'] === id);
}
