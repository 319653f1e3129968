import type { OpenDatabase } from '../host/sqlite.js';
import { type CommandMemory, commandMemoryOf } from './command-memory.js';
import {
  type CameraSwitches,
  cameraSwitchesOf,
  type PhotographHashes,
  photographHashesOf,
} from './command-places.js';
import { explained } from './explained.js';
import { type TrustStore, trustStoreOf } from './trust-store.js';

/** What the box keeps for commands of the centre. */
export interface CommandRecords {
  readonly memory: CommandMemory;
  readonly trust: TrustStore;
  readonly alarm: {
    /** Whether it was said that commands are refused again and again. */
    isRaised(): boolean;
    /** Call in the transaction of the event that says so. */
    set(isRaised: boolean): void;
  };
  readonly cameras: CameraSwitches;
  readonly photographs: PhotographHashes;
}

export function commandRecordsOf(database: OpenDatabase): CommandRecords {
  const { db } = database;
  const alarm = db.prepare<[], number>('SELECT is_raised FROM command_alarm').pluck();
  const setAlarm = db.prepare<[number]>('UPDATE command_alarm SET is_raised = ?');
  return {
    memory: commandMemoryOf(database),
    trust: trustStoreOf(database),
    alarm: {
      isRaised: () => explained(database, () => alarm.get() === 1),
      set: (isRaised) => void setAlarm.run(isRaised ? 1 : 0),
    },
    cameras: cameraSwitchesOf(database),
    photographs: photographHashesOf(database),
  };
}
