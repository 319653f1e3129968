import type { ChannelKind } from '../../kernel/alerts/channel-kind.js';

/** A channel that the box keeps itself. Its settings are also among those of the configuration, with its id. */
export interface OwnChannel {
  readonly id: string;
  readonly kind: ChannelKind;
  /** The settings as the file has them, as JSON: the seal is about this text. */
  readonly settings: string;
  /** The secret of the channel, or nothing, sealed together with kind and settings; Base64. */
  readonly sealed: string;
}
