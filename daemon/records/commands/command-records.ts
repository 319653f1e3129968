import type { OpenDatabase } from '../../host/sqlite.js';
import type { SaidConditions } from '../box-condition-table.js';
import { type CommandMemory, commandMemoryOf } from './command-memory.js';
import {
  type CameraSwitches,
  cameraSwitchesOf,
  type PhotographHashes,
  photographHashesOf,
} from './command-places.js';
import { type TrustStore, trustStoreOf } from './trust-store.js';

/** What the box keeps for commands of the centre. */
export interface CommandRecords {
  readonly memory: CommandMemory;
  readonly trust: TrustStore;
  readonly alarm: {
    /** With which codes it was said that commands are refused again and again; undefined: it was not, or is over. */
    codes(): readonly string[] | undefined;
  };
  readonly cameras: CameraSwitches;
  readonly photographs: PhotographHashes;
}

export function commandRecordsOf(database: OpenDatabase, conditions: SaidConditions): CommandRecords {
  return {
    memory: commandMemoryOf(database),
    trust: trustStoreOf(database),
    alarm: { codes: () => conditions.active().get('commands-refused') },
    cameras: cameraSwitchesOf(database),
    photographs: photographHashesOf(database),
  };
}
