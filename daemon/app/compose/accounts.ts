import { type Accounts, openAccounts } from '../../accounts/open-accounts.js';
import { accountFaults } from '../../accounts/sealed-accounts.js';
import type { AuditLog } from '../../audit/audit-log.js';
import { isRollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import { programVersion } from '../../control/program-version.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { type GateCallers, gateCallers } from '../accounts/gate-callers.js';
import { LoginAlarm } from '../accounts/login-alarm.js';
import { refusalTrail } from '../accounts/refusal-trail.js';
import { ReadingTrail } from '../audit/reading-trail.js';
import type { BoxConditions } from '../conditions/box-conditions.js';
import type { BoxContext, Stores } from './stores.js';

/** Opens the accounts. Failed logins cause the condition `logins-failing`. */
export async function startAccounts(
  { current, lifetime, logger }: BoxContext,
  { identity, vault, auditKeys }: Stores,
  conditions: BoxConditions,
): Promise<Accounts> {
  const { dataDir, secretsDir, site } = current();
  const alarm = lifetime.use('alarm of failed logins', new LoginAlarm({ conditions, clock }));
  const accounts = await openAccounts({
    places: { dataDir, secretsDirectory: secretsDir },
    ids: identity,
    about: { timeZone: site.timeZone, version: programVersion() },
    audit: vault.audit,
    auditKeys: auditKeys.all,
    onAltered: () => reportAltered(vault.audit, conditions),
    onAlarm: () => alarm.raise(),
    secondPerson: () => current().api.secondPerson,
    hasCamera: (id) => current().cameras.some((camera) => camera.id === id),
    relyingParty: () => relyingPartyOf(current().gate),
    ...{ clock, logger },
  });
  reportAltered(vault.audit, conditions);
  // A restore replaces the gallery file, and the audit log with it.
  lifetime.defer(
    'changes of the gallery',
    vault.onChanged(() => stateAgain(accounts, logger)),
  );
  return lifetime.use('accounts', accounts);
}

const weekMs = 7 * 86_400_000;

/** Reports for a week what was wrong with accounts.db, by the audit log: whoever can write the file cannot end that. */
function reportAltered(audit: Pick<AuditLog, 'list'>, conditions: BoxConditions): void {
  const fromMs = clock.wallMs() - weekMs;
  const active = new Set<string>();
  try {
    for (const { details } of audit.list({ action: 'accounts.set-aside', fromMs })) {
      for (const each of String(details['found'] ?? '').split(',')) active.add(each.split(':')[0] ?? '');
    }
  } catch (error) {
    if (!isRollcallError(error, 'audit-log-missing')) throw error;
  }
  const found = accountFaults.filter((fault) => active.has(fault));
  if (found.length === 0) conditions.end('accounts-altered');
  else {
    const over = accountFaults.filter((fault) => !active.has(fault));
    conditions.change('accounts-altered', {}, { active: found, over });
  }
}

function stateAgain(accounts: Accounts, logger: Logger): void {
  try {
    accounts.state();
  } catch (error) {
    logger.error('the accounts could not be stated in the audit log; the next change does it', { error });
  }
}

/** Pages of the box have its port, or none where another machine passes port 443 on to it. */
export function relyingPartyOf({ passkeyHost: host, port }: Pick<Config['gate'], 'passkeyHost' | 'port'>) {
  return host === undefined ? undefined : { host, origins: [`https://${host}:${port}`, `https://${host}`] };
}

/** Tells who sends a request through the gate, and writes refused requests into the audit log. */
export function networkCallers(
  { lifetime, logger }: BoxContext,
  { vault: { audit } }: Stores,
  accounts: Accounts,
): GateCallers & {
  readonly onRefused: ReturnType<typeof refusalTrail>;
  readonly secondPerson: Accounts['admit'];
} {
  const trail = lifetime.use('refused requests', new ReadingTrail({ audit, clock, logger }));
  return {
    ...gateCallers(accounts),
    onRefused: refusalTrail({ trail, logger }),
    secondPerson: accounts.admit,
  };
}
