import type { RegisterByHand } from './derived-commands.js';
import { registerExport } from './export/person-export.js';
import { registerImport } from './import/person-import.js';
import { registerAdd } from './person/person-add.js';
import { registerSet } from './person/person-change.js';
import { registerPhotoChanges } from './person/person-photo.js';
import { registerRemovals } from './person/person-removal.js';
import { registerSimilar } from './person/person-similar.js';

export function registerPerson(...[groupOf, addDerived]: Parameters<RegisterByHand>): void {
  const person = groupOf('person');
  registerAdd(person);
  addDerived();
  registerSet(person);
  registerPhotoChanges(groupOf('person photo'));
  registerSimilar(person);
  registerRemovals(person);
  registerExport(person);
  registerImport(person);
}
