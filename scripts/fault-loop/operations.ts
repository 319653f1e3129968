import { amid, backup, reEmbed, restore, rotate } from './gallery-operations.js';
import { enrol, erase, importPersons, withdraw } from './person-operations.js';
import { retention } from './retention-operation.js';
import type { Workplace } from './workplace.js';

/** What is done once in an open gallery, with whatever it needs before; its journal tells of every part. */
export type Operation = (place: Workplace) => Promise<unknown>;

export const operations: Readonly<Record<string, Operation>> = {
  enrol,
  erase: (place) => erase(place),
  withdraw: (place) => withdraw(place),
  import: importPersons,
  rotate: (place) => rotate(place, 'wrap'),
  'deep-rotate': (place) => rotate(place, 'deep'),
  amid,
  backup,
  restore,
  're-embed': reEmbed,
  retention,
};
