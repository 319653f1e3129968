import { Command } from 'commander';
import { registerPerson } from '../../daemon/cli/person.js';

/** The `person` commands alone, as a program: they need nothing of the others. */
const program = new Command('rollcall');
registerPerson(program);
await program.parseAsync();
