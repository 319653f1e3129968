import type { Config } from '../../contract/settings/schema.js';
import { localTimeOf } from '../../host/local-time.js';
import type { BoxIds } from '../../kernel/ids.js';
import { programVersion } from '../api/program-version.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { AuditLog } from '../audit/audit-log.js';
import { reportUnusableFiles } from '../conditions/unusable-files.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { PartContext } from '../part-context.js';
import { newEventId } from '../records/event-id.js';
import type { Records } from '../records/records.js';
import { AlertDeliverer } from './alert-deliverer.js';
import type { AlertDeliveries } from './alert-deliveries.js';
import { AlertFollower } from './alert-follower.js';
import { Alerts, alertHandlers } from './alert-handlers.js';
import type { AlertJournal } from './alert-journal.js';
import type { AlertMutes } from './alert-mutes.js';
import { type AlertPlan, planAlerts } from './alert-plan.js';
import type { AlertChannel } from './channel.js';
import { openChannel } from './open-channel.js';
import {
  type ChannelVersions,
  OwnChannels,
  type OwnChannelsOptions,
  ownChannelHandlers,
} from './own-channels.js';
import type { PushDevices } from './web-push.js';

/** Starts to check recorded events against the alert rules in force, and to deliver alerts. */
export function startAlerts({
  identity,
  records,
  vault,
  accounts: { devices },
  current,
  lifetime,
  clock,
  random,
  logger,
}: PartContext & {
  readonly identity: BoxIds;
  readonly records: Pick<Records, 'onRecorded'> & {
    readonly alerts: {
      readonly journal: AlertJournal;
      readonly deliveries: AlertDeliveries;
      readonly mutes: AlertMutes;
    };
    readonly commands: { readonly channels: ChannelVersions };
  };
  readonly vault: { readonly audit: { append(entry: NewAuditEntry): unknown } };
  readonly accounts: { readonly devices: PushDevices };
}) {
  const { journal, deliveries, mutes } = records.alerts;
  const newId = (nowMs: number): string => newEventId(nowMs, random);
  const channel = (id: string): AlertChannel | undefined => {
    const { isLatest } = records.commands.channels;
    const version = programVersion();
    return openChannel(id, { config: current(), isLatest, identity, version, devices }, clock);
  };
  const deliverer = new AlertDeliverer({ deliveries, channel, clock, random, logger });
  const localTime = localTimeOf(current().site.timeZone);
  const plan = planOf(current);
  const follower = new AlertFollower({
    ...{ journal, identity, newId, clock, logger },
    localTime,
    plan,
    onRecorded: (listener) => records.onRecorded(listener),
    onAlerts: () => deliverer.wake(),
  });
  lifetime.use('delivery of alerts', deliverer.start());
  lifetime.use('rules of alerts', follower.start());
  const { signal } = lifetime;
  const audit = (entry: NewAuditEntry): void => void vault.audit.append(entry);
  const alerts = new Alerts({
    deliveries,
    mutes,
    audit,
    config: current,
    naming: () => ({ ...plan(), localTime }),
    channel,
    identity,
    newId,
    clock,
    signal,
  });
  return { alerts, handlers: alertHandlers(alerts) };
}

/**
 * Serves the alert channels, and adds, changes and removes those that the box keeps itself. Files of cameras and channels that cannot
 * be used cause the condition `files-unusable`.
 */
export async function serveChannels({
  vault: { audit },
  records,
  auditKeys: { key: auditKey },
  current,
  load,
  reload,
  onReload,
  conditions,
  logger,
}: PartContext & {
  readonly vault: { readonly audit: AuditLog };
  readonly conditions: Pick<ConditionPort, 'change' | 'end'>;
  readonly onReload: (listener: () => void) => void;
  readonly records: { readonly commands: { readonly channels: ChannelVersions } };
  readonly auditKeys: Pick<AuditKeyRing, 'key'>;
} & Pick<OwnChannelsOptions, 'load' | 'reload'>) {
  const versions = records.commands.channels;
  const channels = await new OwnChannels({ current, load, reload, audit, auditKey, versions }).open();
  const report = async (): Promise<void> => {
    try {
      const altered = await channels.findAltered();
      reportUnusableFiles(conditions, current(), altered);
    } catch (error) {
      logger.error('the files of cameras and alert channels could not be checked', { error });
    }
  };
  await report();
  onReload(() => void report());
  return { handlers: ownChannelHandlers(channels) };
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
