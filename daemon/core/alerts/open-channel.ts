import type { OwnChannel } from '../../contract/settings/own-channel.js';
import type { AlertsConfig, Config } from '../../contract/settings/schema.js';
import { openCredential } from '../../host/credentials.js';
import type { ChannelKind } from '../../kernel/alerts/channel-kind.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { AlertChannel, ChannelContext, SendOutcome } from './channel.js';
import { failedForNow } from './channel-errors.js';
import { openChannelSeal } from './channel-seal.js';
import { openEmail } from './email.js';
import { openNtfy, openSms, openTelegram } from './services.js';
import { openPush, type PushContext, type PushDevices } from './web-push.js';
import { openWebhook } from './webhook.js';

/** A channel of the configuration. */
interface ConfiguredChannel {
  readonly id: string;
  readonly kind: ChannelKind;
  /** Does not connect and reads no secret. */
  readonly open: (context: PushContext, clock: Clock) => AlertChannel;
}

/** All channels, by kind. */
export const channelsOf = ({
  webhooks,
  emails,
  ntfy,
  telegram,
  sms,
  push,
}: AlertsConfig): readonly ConfiguredChannel[] => [
  ...webhooks.map((each) => channel(each, 'webhook', openWebhook)),
  ...emails.map((each) => channel(each, 'email', openEmail)),
  ...ntfy.map((each) => channel(each, 'ntfy', openNtfy)),
  ...telegram.map((each) => channel(each, 'telegram', openTelegram)),
  ...sms.map((each) => channel(each, 'sms', openSms)),
  ...push.map((each) => channel(each, 'push', openPush)),
];

function channel<Settings extends { readonly id: string }>(
  settings: Settings,
  kind: ChannelKind,
  open: (settings: Settings, context: PushContext, clock: Clock) => AlertChannel,
): ConfiguredChannel {
  return { id: settings.id, kind, open: (context, clock) => open(settings, context, clock) };
}

/** What channels need of the box. */
export interface BoxOfChannels {
  readonly config: Pick<Config, 'alerts' | 'ownChannels' | 'api' | 'dataDir' | 'secretsDir'>;
  /** Whether a channel of the box is as it was saved last. */
  readonly isLatest: (channel: OwnChannel) => boolean;
  readonly identity: BoxIds;
  readonly version: string;
  readonly devices: PushDevices;
}

/**
 * The channel of an id; undefined where none is configured. One that the box keeps itself gets nothing but its own secret: the name
 * of another one would send that to its address.
 */
export function openChannel(
  id: string,
  { config, isLatest, identity, version, devices }: BoxOfChannels,
  clock: Clock,
): AlertChannel | undefined {
  const { alerts, ownChannels, api, dataDir, secretsDir: secretsDirectory } = config;
  const found = channelsOf(alerts).find((each) => each.id === id);
  const own = ownChannels.find((each) => each.id === id);
  const access: Pick<ChannelContext, 'openSecret' | 'bounds'> =
    own === undefined
      ? { openSecret: (name) => openCredential(name, { secretsDirectory }), bounds: 'anywhere' }
      : {
          openSecret: () => openChannelSeal(own, isLatest, { dataDir, secretsDirectory }),
          bounds: api.channelNetworks,
        };
  const networks = api.channelNetworks;
  const opened = found?.open({ identity, version, networks, devices, ...access }, clock);
  if (opened === undefined || own === undefined) return opened;
  return {
    ...opened,
    async send(message, signal) {
      // Also one without a secret: the seal says that this box was told to send there.
      const broken = await brokenSeal(() => access.openSecret(id));
      return broken ?? (await opened.send(message, signal));
    },
  };
}

async function brokenSeal(open: () => Promise<Buffer>): Promise<SendOutcome | undefined> {
  try {
    (await open()).fill(0);
    return undefined;
  } catch (error) {
    if (!isRollcallError(error) || error.kind === 'defect') throw error;
    return failedForNow(error);
  }
}
