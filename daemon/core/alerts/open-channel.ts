import type { AlertsConfig } from '../../contract/settings/schema.js';
import type { Clock } from '../../kernel/clock.js';
import type { AlertChannel, ChannelContext } from './channel.js';
import { openEmail } from './email.js';
import { openWebhook } from './webhook.js';

/** Ids of all channels, webhooks first. */
export const channelIds = ({ webhooks, emails }: AlertsConfig): readonly string[] =>
  [...webhooks, ...emails].map(({ id }) => id);

/** The channel of an id; undefined where none is configured. Does not connect and reads no secret. */
export function openChannel(
  id: string,
  { webhooks, emails }: AlertsConfig,
  context: ChannelContext,
  clock: Clock,
): AlertChannel | undefined {
  const webhook = webhooks.find((each) => each.id === id);
  if (webhook !== undefined) return openWebhook(webhook, context, clock);
  const email = emails.find((each) => each.id === id);
  return email && openEmail(email, context, clock);
}
