import type { Command } from 'commander';
import { registerExport } from '../export/person-export.js';
import { registerImport } from '../import/person-import.js';
import { registerAdd } from './person-add.js';
import { registerChanges } from './person-change.js';
import { registerEndings } from './person-end.js';
import { registerLooks } from './person-look.js';

export function registerPerson(program: Command): void {
  const person = program.command('person').description('enrol, look at, change, remove and erase persons');
  registerAdd(person);
  registerLooks(person);
  registerChanges(person);
  registerEndings(person);
  registerExport(person);
  registerImport(person);
}
