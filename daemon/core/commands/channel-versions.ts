import { createHash } from 'node:crypto';
import type { ChannelVersion, ChannelVersions } from '../alerts/own-channels.js';
import type { Grant } from '../records/seals/grant-seal.js';
import type { Grants } from './grants.js';

/** Says that versions are kept. No channel has such an id. */
const begun: Grant = { kind: 'alert-channel', id: '*', content: 'true' };

export function channelVersionsOf(grants: Grants, nowMs: () => number): ChannelVersions {
  return {
    isLatest: (channel) => grants.find('alert-channel', channel.id)?.content === versionOf(channel).content,
    set({ id, sealed }, alongside) {
      grants.change(
        (before) => [
          ...before.filter((grant) => grant.kind !== 'alert-channel' || grant.id !== id),
          ...(sealed === undefined ? [] : [versionOf({ id, sealed })]),
        ],
        nowMs(),
        alongside,
      );
    },
    adopt(channels, alongside) {
      // Someone who removed all versions must not get new ones: the rows that were set aside show that it happened.
      const adopted = grants.aside().length === 0 ? channels.map(versionOf) : [];
      grants.change(
        (before) =>
          before.some(({ kind }) => kind === 'alert-channel') ? undefined : [...before, begun, ...adopted],
        nowMs(),
        alongside,
      );
    },
  };
}

function versionOf({ id, sealed }: ChannelVersion): Grant {
  const digest = createHash('sha256').update(sealed).digest('hex');
  return { kind: 'alert-channel', id, content: JSON.stringify({ digest }) };
}
