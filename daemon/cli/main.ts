#!/usr/bin/env node
import { guardOutput } from '../host/guarded-output.js';
import { rollcallProgram, spelledOut } from './commands.js';
import { endWithOutput, exitCodes } from './output.js';

// Before anything is said: file names, answers of cameras and brokers, and arguments are texts of others.
guardOutput(process.stdout);
guardOutput(process.stderr);

const program = await rollcallProgram(process.argv[2]);

endWithOutput(
  process.stdout,
  (text) => void process.stderr.write(text),
  (code) => process.exit(code),
);
// Nobody is left to be told.
endWithOutput(
  process.stderr,
  () => undefined,
  (code) => process.exit(code),
);

try {
  await program.parseAsync(spelledOut(program, process.argv.slice(2)), { from: 'user' });
} catch (error) {
  // Commander has said what is wrong; only the exit code is left to set.
  const exitCode = (error as { exitCode?: number }).exitCode;
  if (exitCode === undefined) throw error;
  process.exitCode = exitCode === 0 ? exitCodes.done : exitCodes.badInput;
}
