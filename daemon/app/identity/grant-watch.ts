import { type Actor, daemonAtStart } from '../../audit/actor.js';
import type { AuditDetails, AuditEntry, NewAuditEntry } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { RetentionRule } from '../../domain/retention/retention.js';
import type { ConditionPort } from '../../publish/condition-port.js';
import { type GrantState, grantFaults, type LoggedGrants } from '../../records/commands/grant-judgement.js';
import type { Grant } from '../../records/commands/grant-seal.js';
import type { Grants, SetAside, SettledGrants } from '../../records/commands/grants.js';
import { whereThereIsALog } from '../audit/missing-audit-log.js';

export interface GrantWatchOptions {
  readonly grants: Grants;
  readonly audit: Pick<AuditLog, 'append' | 'list' | 'isWholeSince' | 'verify'>;
  /** How many days entries of the audit log are kept. */
  readonly auditKept: () => RetentionRule;
  readonly conditions: Pick<ConditionPort, 'change' | 'end'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const cannotCompare = 'what grants power cannot be compared with the audit log; it is tried again';
const hourMs = 3_600_000;
export const lookAtGrantsEveryMs = 6 * hourMs;
/** The log says the state anew before its retention forgets what it said last. */
const longestUnsaidMs = 7 * 24 * hourMs;

/** The one detail that carries the state of all grants in an audit entry. */
export function stateDetail({ revision, digest, before }: GrantState): { readonly state: string } {
  return { state: `${revision}:${digest}:${before}` };
}

const stateForm = /^(\d{1,15}):([0-9a-f]{32}):([0-9a-f]{32})$/;

function readState(details: AuditDetails): GrantState | undefined {
  const [, revision, digest, before] = stateForm.exec(String(details['state'] ?? '')) ?? [];
  if (digest === undefined || before === undefined) return undefined;
  return { revision: Number(revision), digest, before };
}

/**
 * Compares what grants power with what the audit log says of it: at the start, whenever another file takes the place of the
 * gallery's, and four times a day. What is not believed is said as the condition `trust-altered`, until a person has looked.
 */
export class GrantWatch implements AsyncDisposable {
  readonly #options: GrantWatchOptions;
  readonly #looks: Recurring;

  constructor(options: GrantWatchOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#looks = new Recurring({
      clock,
      everyMs: lookAtGrantsEveryMs,
      work: () => this.look(),
      onFailure: (error) => logger.error(cannotCompare, { error }),
    });
  }

  /** Resolves when it has looked for the first time. */
  async start(): Promise<this> {
    await this.#looks.start().settled();
    return this;
  }

  /** Does nothing while there is no log. @throws what reading and writing throw */
  look(): Promise<void> {
    return whereThereIsALog(() => {
      const { grants, clock } = this.#options;
      const newest = this.#newestStatement();
      const settled = grants.settle(this.#logged(newest), clock.wallMs(), (found) => this.#trail(found));
      if (settled.state === undefined && this.#isOld(newest))
        this.#state({ by: daemonAtStart, action: 'trust.stated' });
      this.#tell(settled);
    });
  }

  /** Looks without being waited for. */
  lookAgain(): void {
    this.look().catch((error: unknown) => this.#options.logger.error(cannotCompare, { error }));
  }

  aside(): readonly SetAside[] {
    return this.#options.grants.aside();
  }

  /** A person has looked at what was set aside; how many that were. */
  dismiss(by: Actor): number {
    const { grants } = this.#options;
    const count = grants.aside().length;
    if (count > 0) this.#state({ by, action: 'trust.dismissed', details: { entries: count } });
    const dismissed = grants.dismiss();
    this.#tell();
    return dismissed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looks[Symbol.asyncDispose]();
  }

  /** The newest entry that says what the grants are. */
  #newestStatement(): AuditEntry | undefined {
    const { audit } = this.#options;
    return ['trust', 'camera']
      .flatMap((action) => audit.list({ action, limit: 1 }))
      .sort((a, b) => a.sequence - b.sequence)
      .at(-1);
  }

  #logged(newest: AuditEntry | undefined): LoggedGrants {
    const { audit } = this.#options;
    const [restored] = audit.list({ action: 'backup.restored', limit: 1 });
    const isReplaced = restored !== undefined && restored.sequence > (newest?.sequence ?? 0);
    const state = newest && readState(newest.details);
    if (newest === undefined || state === undefined) {
      // Everything hangs on the log never having said it.
      if (audit.verify().outcome !== 'whole') return { outcome: 'broken' };
      return { outcome: 'silent', isReplaced };
    }
    if (!audit.isWholeSince(newest.sequence)) return { outcome: 'broken' };
    return { outcome: 'said', state, isReplaced, isAbout: (grant) => isAbout(newest, grant) };
  }

  #isOld(newest: AuditEntry | undefined): boolean {
    if (newest === undefined) return false;
    const { clock, auditKept } = this.#options;
    const kept = auditKept();
    const keptMs = kept === 'forever' ? Number.POSITIVE_INFINITY : kept * 24 * hourMs;
    return Math.abs(clock.wallMs() - newest.atMs) > Math.min(longestUnsaidMs, keptMs / 2);
  }

  #trail({ faults, state }: SettledGrants): void {
    const { audit } = this.#options;
    if (state === undefined) return;
    const found = [...faults].map(([fault, count]) => `${fault}:${count}`).join(',');
    const entry =
      found === ''
        ? ({ action: 'trust.stated', details: stateDetail(state) } as const)
        : ({ action: 'trust.set-aside', details: { ...stateDetail(state), found } } as const);
    audit.append({ by: daemonAtStart, ...entry });
  }

  /** Says in the log once more what the grants are. */
  #state(entry: NewAuditEntry): void {
    const { grants, audit, clock } = this.#options;
    const say = (state: GrantState): void =>
      void audit.append({ ...entry, details: { ...entry.details, ...stateDetail(state) } });
    grants.change((all) => all, clock.wallMs(), say);
  }

  #tell(settled?: SettledGrants): void {
    const { grants, conditions, logger } = this.#options;
    if (settled !== undefined && settled.faults.size > 0) {
      logger.error('something that grants power is not as the audit log says; it is not believed', {
        found: Object.fromEntries(settled.faults),
        remedy: "look at 'rollcall trust list'; add again what you trust, then run 'rollcall trust dismiss'",
      });
    }
    const reasons = new Set(grants.aside().map(({ reason }) => reason));
    if (reasons.size === 0) conditions.end('trust-altered');
    else {
      const over = grantFaults.filter((fault) => !reasons.has(fault));
      conditions.change('trust-altered', { entries: grants.aside().length }, { holds: [...reasons], over });
    }
  }
}

function isAbout({ action, subject, details }: AuditEntry, { kind, id, content }: Grant): boolean {
  if (action.startsWith('camera.')) return kind === 'camera-switch' && id === subject;
  if (action !== 'trust.added' && action !== 'trust.removed') return false;
  if (kind !== 'trusted-key') return false;
  const { issuerId } = JSON.parse(content) as { readonly issuerId?: unknown };
  return issuerId === subject && (details['keyId'] === undefined || details['keyId'] === id);
}
