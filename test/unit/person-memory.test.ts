import { MemoryPersons } from '../support/memory-persons.js';
import { personContract } from '../support/person-contract.js';

personContract('in memory', async () => ({
  persons: new MemoryPersons(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));
