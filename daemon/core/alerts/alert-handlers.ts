import type {
  Alert,
  AlertDelivery,
  AlertMute,
  AlertSetup,
  AlertSummary,
  alertOperations,
  ChannelTest,
} from '../../contract/alerts.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Page } from '../../contract/operation.js';
import { rulesFor } from '../../contract/settings/limited-config.js';
import type { Config } from '../../contract/settings/schema.js';
import {
  type AlertMessage,
  type AlertNaming,
  alertSummary,
  testMessage,
} from '../../kernel/alerts/alert-message.js';
import { camerasOf } from '../../kernel/alerts/occurrence-watch.js';
import type { Clock } from '../../kernel/clock.js';
import { defect } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { Said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';
import { inEnglish } from '../../words/language.js';
import { refuseLimited } from '../api/forbidden.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { AlertDeliveries, StoredAlert, StoredDelivery } from './alert-deliveries.js';
import type { AlertMutes, StoredMute } from './alert-mutes.js';
import { alertLanguage } from './alert-plan.js';
import type { AlertChannel } from './channel.js';
import { channelsOf } from './open-channel.js';

export interface AlertsOptions {
  readonly deliveries: AlertDeliveries;
  readonly mutes: AlertMutes;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly config: () => Pick<Config, 'alerts' | 'ownChannels'>;
  /** How to name cameras and times now. */
  readonly naming: () => AlertNaming;
  readonly channel: (id: string) => AlertChannel | undefined;
  readonly identity: BoxIds;
  readonly newId: (nowMs: number) => string;
  readonly clock: Clock;
  /** Aborts when the box stops. */
  readonly signal: AbortSignal;
}

/** Who acts, and the cameras that limit them. */
type AlertCaller = Pick<Caller, 'actor' | 'origin' | 'cameras'>;
type AlertListQuery = Parameters<Handlers<typeof alertOperations>['alerts.list']>[0];

/** The operations on alerts. */
export function alertHandlers(alerts: Alerts): Handlers<typeof alertOperations> {
  return {
    'alerts.list': (query, { caller }) => alerts.list(query, caller),
    'alerts.acknowledge': (input, { caller }) => alerts.acknowledge(input.alert, caller),
    'alerts.rules': (_input, { caller }) => alerts.setup(caller),
    'alerts.mutes': (_input, { caller }) => alerts.mutes(caller),
    'alerts.mute': ({ rule, minutes }, { caller }) => alerts.mute(rule, minutes, caller),
    'alerts.unmute': ({ rule }, { caller }) => alerts.unmute(rule, caller),
    'alerts.test': ({ channel }, { caller }) => alerts.test(caller, channel),
  };
}

/** The alerts of the box: their history, and test messages. */
export class Alerts {
  readonly #options: AlertsOptions;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  get summary(): AlertSummary {
    const { config, deliveries } = this.#options;
    return { rules: config().alerts.rules.length, ...deliveries.counts() };
  }

  /** The newest alerts, newest first. A caller who is limited to cameras gets none about another camera. */
  list(
    { limit, cursor, state, alert: id }: AlertListQuery,
    { cameras }: Pick<Caller, 'cameras'>,
  ): Page<Alert> {
    const beforeNumber = cursor === undefined ? undefined : Number(cursor);
    // One more than the page shows whether this is the last page.
    const found = this.#options.deliveries.history({ limit: limit + 1, state, beforeNumber, id });
    const shown = found.slice(0, limit);
    const nextCursor = found.length > limit ? String(shown.at(-1)?.number) : undefined;
    const forCaller = shown.filter((each) => isForCameras(each, cameras));
    return { items: forCaller.map((each) => this.#shown(each)), ...present({ nextCursor }) };
  }

  /** @throws `no-such-alert` */
  acknowledge(id: string, { actor, origin, cameras }: AlertCaller): Alert {
    const { deliveries, clock, audit } = this.#options;
    const isForCaller = deliveries.history({ limit: 1, id }).some((each) => isForCameras(each, cameras));
    const found = isForCaller
      ? deliveries.acknowledge(id, { actor, atMs: clock.wallMs() }, () =>
          audit({ by: { actor, origin }, action: 'alert.acknowledged', subject: id }),
        )
      : undefined;
    if (found !== undefined) return this.#shown(found);
    throw refusal('no-such-alert', { id });
  }

  /** The configured rules and channels. A caller who is limited to cameras gets no rules that are only about others. */
  setup({ cameras }: Pick<Caller, 'cameras'>): AlertSetup {
    const { alerts, ownChannels } = this.#options.config();
    const own = new Set(ownChannels.map(({ id }) => id));
    return {
      rules: rulesFor(alerts.rules, cameras).map(({ subject: _subject, text: _text, ...rule }) => rule),
      channels: channelsOf(alerts).map(({ id, kind }) => ({ id, kind, isOwn: own.has(id) })),
    };
  }

  mutes({ cameras }: Pick<Caller, 'cameras'>): readonly AlertMute[] {
    const { mutes, clock, config } = this.#options;
    const { rules } = config().alerts;
    const shown = new Set(rulesFor(rules, cameras).map(({ id }) => id));
    const hidden = new Set(rules.map(({ id }) => id).filter((id) => !shown.has(id)));
    return mutes
      .inForce(clock.wallMs())
      .filter(({ ruleId }) => !hidden.has(ruleId))
      .map(shownMute);
  }

  /** @throws `no-such-rule`, `forbidden` for a caller who is limited to cameras */
  mute(ruleId: string, minutes: number, caller: AlertCaller): AlertMute {
    refuseLimited(caller, 'all-cameras:mute');
    const { actor, origin } = caller;
    const { mutes, config, clock, audit } = this.#options;
    const known = config().alerts.rules.map(({ id }) => id);
    if (!known.includes(ruleId)) {
      throw refusal(
        'no-such-rule',
        { ruleId },
        {
          remedy:
            known.length === 0 ? 'Configure rules under alerts.rules.' : `Name one of ${known.join(', ')}.`,
        },
      );
    }
    const sinceMs = clock.wallMs();
    const mute = { ruleId, untilMs: sinceMs + minutes * 60_000, by: actor, sinceMs };
    const by = { actor, origin };
    mutes.set(mute, () => audit({ by, action: 'alert.muted', subject: ruleId, details: { minutes } }));
    return shownMute(mute);
  }

  unmute(ruleId: string, caller: AlertCaller): { readonly wasMuted: boolean } {
    refuseLimited(caller, 'all-cameras:mute');
    const { actor, origin } = caller;
    const { mutes, clock, audit } = this.#options;
    const wasMuted = mutes.end(ruleId, clock.wallMs(), () =>
      audit({ by: { actor, origin }, action: 'alert.unmuted', subject: ruleId }),
    );
    return { wasMuted };
  }

  /** Sends a test message to one channel or to all. @throws `no-such-channel`, `no-alert-channels` */
  async test({ actor, origin }: AlertCaller, channel?: string): Promise<readonly ChannelTest[]> {
    const { identity, newId, clock, config, audit } = this.#options;
    const known = channelsOf(config().alerts).map(({ id }) => id);
    if (known.length === 0) {
      throw refusal('no-alert-channels');
    }
    if (channel !== undefined && !known.includes(channel)) {
      throw refusal('no-such-channel', { channel, known: known.join(', ') });
    }
    const nowMs = clock.wallMs();
    const language = alertLanguage(config().alerts);
    const textOf = (said: Said): string => language.textOf(said);
    const message = testMessage({ id: newId(nowMs), nowMs, identity, textOf });
    const wanted = channel === undefined ? known : [channel];
    // A message that may have left has its entry, however the attempt ends.
    const details = { channels: wanted.length };
    audit({ by: { actor, origin }, action: 'alert.tested', ...present({ subject: channel }), details });
    return Promise.all(wanted.map((id) => this.#testOne(id, message)));
  }

  /** The summary has the present names of the cameras, and comes in the language of the reader. */
  #shown({ message, deliveries, acknowledgedAtMs, acknowledgedBy }: StoredAlert): Alert {
    const { id, atMs, phase, rule, on, severity, subject, parts } = message;
    const about = { id, time: isoTime(atMs), phase, rule, on, severity, subject };
    const told =
      on === 'test'
        ? { summary: subject }
        : inEnglish({ summary: alertSummary(on, parts, this.#options.naming()) });
    const acknowledgement =
      acknowledgedAtMs === null || acknowledgedBy === null
        ? undefined
        : { by: acknowledgedBy, at: isoTime(acknowledgedAtMs) };
    return { ...about, ...told, deliveries: deliveries.map(shownDelivery), ...present({ acknowledgement }) };
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
    return { ...about, outcome: 'failed', code, message: says, ...present({ remedy }) };
  }
}

/** Whether an alert is about no other camera than these; always true without a limit. */
const isForCameras = ({ message }: StoredAlert, cameras: Caller['cameras']): boolean =>
  message.parts.flatMap(camerasOf).every((camera) => cameras?.has(camera) !== false);

function shownMute({ ruleId, untilMs, by, sinceMs }: StoredMute): AlertMute {
  return { rule: ruleId, until: isoTime(untilMs), since: isoTime(sinceMs), by };
}

function shownDelivery(delivery: StoredDelivery): AlertDelivery {
  const { channelId: channel, state, attempts, lastAtMs, nextAtMs, code, reason } = delivery;
  return {
    ...{ channel, state, attempts },
    ...(lastAtMs === null ? {} : { lastTryAt: isoTime(lastAtMs) }),
    ...(state === 'pending' ? { nextTryAt: isoTime(nextAtMs) } : {}),
    ...(code === null ? {} : { code }),
    ...(reason === null ? {} : { reason }),
  };
}
