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
  addDerived('person photo list');
  registerPhotoChanges(groupOf('person photo'));
  addDerived('person rename');
  registerSet(person);
  addDerived();
  registerSimilar(person);
  registerRemovals(person);
  registerExport(person);
  registerImport(person);
}
