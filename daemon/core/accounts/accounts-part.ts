import type { Config } from '../../contract/settings/schema.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { programVersion } from '../api/program-version.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { AuditLog } from '../audit/audit-log.js';
import { faultsOfWeek, reportFaults } from '../conditions/altered-files.js';
import type { Conditions } from '../conditions/conditions.js';
import { FadingCondition } from '../conditions/fading-condition.js';
import type { PartContext } from '../part-context.js';
import { deviceOrigins } from './device-origins.js';
import { alarmWithinMs } from './login-throttle.js';
import { type Accounts, openAccounts } from './open-accounts.js';
import { accountFaults } from './sealed-accounts.js';

/** Opens the accounts and serves them. Failed logins cause the condition `logins-failing`. */
export async function openBoxAccounts({
  identity,
  vault,
  auditKeys,
  records,
  conditions,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly identity: BoxIds;
  readonly vault: { readonly audit: AuditLog; onChanged(listener: () => void): () => void };
  readonly auditKeys: AuditKeyRing;
  readonly records: { readonly review: { forgetActor(actor: string): void } };
  readonly conditions: Conditions;
}) {
  const { dataDir, secretsDir, site } = current();
  const alarm = lifetime.use(
    'alarm of failed logins',
    new FadingCondition({ condition: 'logins-failing', lastsMs: alarmWithinMs, conditions, clock }),
  );
  const accounts = await openAccounts({
    places: { dataDir, secretsDirectory: secretsDir },
    ids: identity,
    about: {
      ...{ timeZone: site.timeZone, version: programVersion() },
      personFields: () => current().persons.fields,
      origins: () => deviceOrigins(current().gate),
    },
    audit: vault.audit,
    auditKeys: auditKeys.all,
    onAltered: () => reportAltered(vault.audit, conditions, clock),
    onAlarm: () => alarm.report(),
    secondPerson: () => current().api.secondPerson,
    hasCamera: (id) => current().cameras.some((camera) => camera.id === id),
    onActorRemoved: (actor) => records.review.forgetActor(actor),
    relyingParty: () => relyingPartyOf(current().gate),
    pushHosts: () => pushHostsOf(current().alerts),
    ...{ clock, logger },
  });
  reportAltered(vault.audit, conditions, clock);
  // A restore replaces the gallery file, and the audit log with it.
  lifetime.defer(
    'changes of the gallery',
    vault.onChanged(() => stateAgain(accounts, logger)),
  );
  lifetime.use('accounts', accounts);
  return { accounts, handlers: accounts.handlers };
}

/** Reports for a week what was wrong with accounts.db. */
function reportAltered(audit: Pick<AuditLog, 'list'>, conditions: Conditions, clock: Clock): void {
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

/** The hosts of push services that some channel may post to. */
function pushHostsOf({ push }: Config['alerts']): readonly string[] | undefined {
  return push.length === 0 ? undefined : [...new Set(push.flatMap(({ hosts }) => hosts))];
}

/** Pages of the box have its port, or none where another machine passes port 443 on to it. */
export function relyingPartyOf({ passkeyHost: host, port }: Pick<Config['gate'], 'passkeyHost' | 'port'>) {
  return host === undefined ? undefined : { host, origins: [`https://${host}:${port}`, `https://${host}`] };
}
