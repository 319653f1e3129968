import { createHash } from 'node:crypto';
import type { OwnChannel } from '../../contract/settings/own-channel.js';
import type { StatedSet } from '../../kernel/stated-set.js';
import type { Grant } from '../records/seals/grant-seal.js';
import type { Grants } from './grants.js';

/** A channel, by what is new with each change of its file. */
type Version = Pick<OwnChannel, 'id' | 'sealed'>;

/** Which version of each alert channel of the box counts: someone who can write its data cannot put an earlier file back. */
export interface ChannelVersions {
  isLatest(channel: Version): boolean;
  /**
   * The channel that counts from now on; without `sealed`, none does. `alongside` writes the audit entry, with the state of all
   * grants, in the same transaction.
   */
  set(channel: Pick<Version, 'id'> & Partial<Version>, alongside: (state: StatedSet) => void): void;
  /** Accepts the channels of an earlier version of the program, once in the life of a box; `alongside` as above. */
  adopt(channels: readonly Version[], alongside: (state: StatedSet) => void): void;
}

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
      // Whoever removes all versions must not have them made anew: what is set aside reveals it.
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

function versionOf({ id, sealed }: Version): Grant {
  const digest = createHash('sha256').update(sealed).digest('hex');
  return { kind: 'alert-channel', id, content: JSON.stringify({ digest }) };
}
