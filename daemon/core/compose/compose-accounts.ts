import type { Config } from '../../contract/settings/schema.js';
import { systemClock as clock } from '../../host/system-clock.js';
import type { Logger } from '../../kernel/logger.js';
import { type GateCallers, gateCallers } from '../accounts/gate-callers.js';
import { LoginAlarm } from '../accounts/login-alarm.js';
import { type Accounts, openAccounts } from '../accounts/open-accounts.js';
import { refusalTrail } from '../accounts/refusal-trail.js';
import { accountFaults } from '../accounts/sealed-accounts.js';
import { programVersion } from '../api/program-version.js';
import type { AuditLog } from '../audit/audit-log.js';
import { ReadingTrail } from '../audit/reading-trail.js';
import { faultsOfWeek, reportFaults } from '../conditions/altered-files.js';
import type { Conditions } from '../conditions/conditions.js';
import type { ComposeContext, Stores } from './stores.js';

/** Opens the accounts. Failed logins cause the condition `logins-failing`. */
export async function startAccounts(
  { current, lifetime, logger }: ComposeContext,
  { identity, vault, auditKeys }: Stores,
  conditions: Conditions,
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

/** Reports for a week what was wrong with accounts.db. */
function reportAltered(audit: Pick<AuditLog, 'list'>, conditions: Conditions): void {
  const found = faultsOfWeek(audit, 'accounts.set-aside', clock);
  reportFaults(conditions, 'accounts-altered', { found, all: accountFaults });
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
  { lifetime, logger }: ComposeContext,
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
