import type { Config } from '../../contract/settings/schema.js';
import { localTimeOf } from '../../host/local-time.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import type { Random } from '../../kernel/random.js';
import { AlertDeliverer } from '../alerts/alert-deliverer.js';
import { AlertFollower } from '../alerts/alert-follower.js';
import { Alerts } from '../alerts/alert-handlers.js';
import { type AlertPlan, planAlerts } from '../alerts/alert-plan.js';
import type { AlertChannel } from '../alerts/channel.js';
import { openChannel } from '../alerts/open-channel.js';
import { programVersion } from '../api/program-version.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { newEventId } from '../records/event-id.js';
import type { RecordStores } from './record-stores.js';

/** Starts to check recorded events against the alert rules in force, and to deliver alerts. */
export function startAlerts(options: {
  /** The configuration in force. */
  readonly current: () => Config;
  readonly identity: BoxIds;
  readonly records: RecordStores;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}): Alerts {
  const { current, identity, records, audit, lifetime, clock, random, logger } = options;
  const { journal, deliveries, mutes } = records.alerts;
  const newId = (nowMs: number): string => newEventId(nowMs, random);
  const channel = (id: string): AlertChannel | undefined => {
    const { alerts, secretsDir: secretsDirectory } = current();
    return openChannel(id, alerts, { identity, secretsDirectory, version: programVersion() }, clock);
  };
  const deliverer = new AlertDeliverer({ deliveries, channel, clock, random, logger });
  const follower = new AlertFollower({
    ...{ journal, identity, newId, clock, logger },
    localTime: localTimeOf(current().site.timeZone),
    plan: planOf(current),
    onRecorded: (listener) => records.onRecorded(listener),
    onAlerts: () => deliverer.wake(),
  });
  lifetime.use('delivery of alerts', deliverer.start());
  lifetime.use('rules of alerts', follower.start());
  const config = () => current().alerts;
  const { signal } = lifetime;
  return new Alerts({ deliveries, mutes, audit, config, channel, identity, newId, clock, signal });
}

/** Plans once per configuration, not once per event. */
function planOf(current: () => Config): () => AlertPlan {
  let planned: Config | undefined;
  let plan: AlertPlan | undefined;
  return () => {
    const config = current();
    if (plan === undefined || planned !== config) plan = planAlerts(config);
    planned = config;
    return plan;
  };
}
