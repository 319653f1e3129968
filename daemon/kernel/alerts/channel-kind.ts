/** How alerts leave the box. */
export const channelKinds = ['webhook', 'email', 'ntfy', 'telegram', 'sms', 'push'] as const;
export type ChannelKind = (typeof channelKinds)[number];
