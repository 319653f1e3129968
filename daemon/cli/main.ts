#!/usr/bin/env node
import { rollcallProgram } from './commands.js';
import { endWithOutput, exitCodes } from './output.js';

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
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong; only the exit code is left to set.
  const exitCode = (error as { exitCode?: number }).exitCode;
  if (exitCode === undefined) throw error;
  process.exitCode = exitCode === 0 ? exitCodes.done : exitCodes.badInput;
}
