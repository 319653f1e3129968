import type { OpenDatabase } from '../../host/sqlite.js';
import type { ChannelVersions } from '../alerts/own-channels.js';
import type { GrantSeal } from '../records/seals/grant-seal.js';
import type { PublishedConditions } from '../records/source-states.js';
import { type CameraSwitches, cameraSwitchesOf } from './camera-switches.js';
import { channelVersionsOf } from './channel-versions.js';
import { type CommandMemory, commandMemoryOf } from './command-memory.js';
import { Grants } from './grants.js';
import { type TrustStore, trustStoreOf } from './trust-store.js';

/** The stored data for commands of the centre. */
export interface CommandRecords {
  readonly memory: CommandMemory;
  /** Contains the trusted keys, the switched cameras, and the versions of alert channels. */
  readonly grants: Grants;
  readonly trust: TrustStore;
  readonly alarm: {
    /** The codes of the active condition `commands-refused`; undefined while it is not active. */
    codes(): readonly string[] | undefined;
  };
  readonly cameras: CameraSwitches;
  readonly channels: ChannelVersions;
}

export function commandRecordsOf(
  database: OpenDatabase,
  conditions: PublishedConditions,
  { seal, nowMs }: { readonly seal: GrantSeal; readonly nowMs: () => number },
): CommandRecords {
  const grants = new Grants(database, seal);
  const trust = trustStoreOf(grants, nowMs);
  return {
    memory: commandMemoryOf(database, {
      seal,
      isTrusted: (issuerId) => trust.list().some((key) => key.issuerId === issuerId),
    }),
    grants,
    trust,
    alarm: { codes: () => conditions.active().get('commands-refused') },
    cameras: cameraSwitchesOf(grants, nowMs),
    channels: channelVersionsOf(grants, nowMs),
  };
}
