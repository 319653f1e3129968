import type { OpenDatabase } from '../../host/sqlite.js';
import type { SaidConditions } from '../box-condition-table.js';
import { type CommandMemory, commandMemoryOf } from './command-memory.js';
import {
  type CameraSwitches,
  cameraSwitchesOf,
  type PhotographHashes,
  photographHashesOf,
} from './command-places.js';
import type { GrantSeal } from './grant-seal.js';
import { type Grants, grantsOf } from './grants.js';
import { type TrustStore, trustStoreOf } from './trust-store.js';

/** What the box keeps for commands of the centre. */
export interface CommandRecords {
  readonly memory: CommandMemory;
  /** What trust and cameras are kept in. */
  readonly grants: Grants;
  readonly trust: TrustStore;
  readonly alarm: {
    /** With which codes it was said that commands are refused again and again; undefined: it was not, or is over. */
    codes(): readonly string[] | undefined;
  };
  readonly cameras: CameraSwitches;
  readonly photographs: PhotographHashes;
}

export function commandRecordsOf(
  database: OpenDatabase,
  conditions: SaidConditions,
  { seal, nowMs }: { readonly seal: GrantSeal; readonly nowMs: () => number },
): CommandRecords {
  const grants = grantsOf(database, seal);
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
    photographs: photographHashesOf(database),
  };
}
