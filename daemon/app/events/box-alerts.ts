import type { Clock } from '../../base/clock.js';
import { badInput, defect } from '../../base/errors.js';
import type { AlertsConfig } from '../../config/schema.js';
import type {
  AlertControl,
  AlertSummary,
  ChannelTest,
  ShownAlert,
  ShownDelivery,
} from '../../control/alert-control.js';
import { type AlertMessage, testMessage } from '../../domain/alerts/alert-message.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { isoTime } from '../../domain/iso-time.js';
import type { AlertChannel } from '../../publish/alerts/channel.js';
import { channelIds } from '../../publish/alerts/open-channel.js';
import type { AlertDeliveries, StoredAlert, StoredDelivery } from '../../records/alerts/alert-deliveries.js';

export interface BoxAlertsOptions {
  readonly deliveries: AlertDeliveries;
  readonly config: () => AlertsConfig;
  readonly channel: (id: string) => AlertChannel | undefined;
  readonly identity: BoxIdentity;
  readonly newId: (nowMs: number) => string;
  readonly clock: Clock;
  /** Aborts when the box stops. */
  readonly signal: AbortSignal;
}

/** Alerts as the local API sees them. */
export class BoxAlerts implements AlertControl {
  readonly #options: BoxAlertsOptions;

  constructor(options: BoxAlertsOptions) {
    this.#options = options;
  }

  get summary(): AlertSummary {
    const { config, deliveries } = this.#options;
    return { rules: config().rules.length, ...deliveries.counts() };
  }

  list(limit: number, state?: ShownDelivery['state']): readonly ShownAlert[] {
    return this.#options.deliveries.history(limit, state).map(shownAlert);
  }

  async test(channel?: string): Promise<readonly ChannelTest[]> {
    const { identity, newId, clock, config } = this.#options;
    const known = channelIds(config());
    if (known.length === 0) {
      throw badInput('no-alert-channels', 'no channel for alerts is configured', {
        remedy: 'add one under alerts.webhooks or alerts.emails; docs/alerts.md has examples',
      });
    }
    if (channel !== undefined && !known.includes(channel)) {
      throw badInput('no-such-channel', `there is no channel with id '${channel}'`, {
        remedy: `name one of ${known.join(', ')}`,
      });
    }
    const nowMs = clock.wallMs();
    const message = testMessage({ id: newId(nowMs), nowMs, identity });
    const wanted = channel === undefined ? known : [channel];
    return Promise.all(wanted.map((id) => this.#testOne(id, message)));
  }

  async #testOne(id: string, message: AlertMessage): Promise<ChannelTest> {
    const { channel, signal } = this.#options;
    const open = channel(id);
    if (open === undefined) throw defect('channel-missing', `the configured channel ${id} cannot be opened`);
    const about = { channel: id, kind: open.kind };
    const sent = await open.send(message, signal);
    if (sent.outcome === 'delivered') {
      return { ...about, outcome: 'delivered', ...(sent.note === null ? {} : { note: sent.note }) };
    }
    const { code, message: says, remedy } = sent.error;
    return { ...about, outcome: 'failed', code, message: says, ...(remedy === undefined ? {} : { remedy }) };
  }
}

function shownAlert({ message, deliveries }: StoredAlert): ShownAlert {
  const { id, atMs, phase, rule, on, severity, subject } = message;
  const about = { id, time: isoTime(atMs), phase, rule, on, severity, subject };
  return { ...about, deliveries: deliveries.map(shownDelivery) };
}

function shownDelivery(delivery: StoredDelivery): ShownDelivery {
  const { channelId: channel, state, attempts, lastAtMs, nextAtMs, code, reason } = delivery;
  return {
    ...{ channel, state, attempts },
    ...(lastAtMs === null ? {} : { lastTryAt: isoTime(lastAtMs) }),
    ...(state === 'pending' ? { nextTryAt: isoTime(nextAtMs) } : {}),
    ...(code === null ? {} : { code }),
    ...(reason === null ? {} : { reason }),
  };
}
