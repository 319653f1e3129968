#!/usr/bin/env node
import { guardOutput } from '../host/guarded-output.js';
import { reportNodeWarnings } from '../host/node-warnings.js';
import { exitCodes, exitOnOutputError } from '../host/output.js';
import { rollcallProgram, withHelpSpelledOut } from './commands.js';

// Before the first output: arguments, file names and answers of cameras and brokers can hold terminal control characters.
guardOutput(process.stdout);
guardOutput(process.stderr);
reportNodeWarnings(({ name, message }) => void process.stderr.write(`${name}: ${message}\n`));

const program = await rollcallProgram(process.argv[2]);

exitOnOutputError(
  process.stdout,
  (text) => void process.stderr.write(text),
  (code) => process.exit(code),
);
// Without standard error there is no place left for a message.
exitOnOutputError(
  process.stderr,
  () => undefined,
  (code) => process.exit(code),
);

try {
  await program.parseAsync(withHelpSpelledOut(program, process.argv.slice(2)), { from: 'user' });
} catch (error) {
  // Commander has printed its message already.
  const exitCode = (error as { exitCode?: number }).exitCode;
  if (exitCode === undefined) throw error;
  process.exitCode = exitCode === 0 ? exitCodes.done : exitCodes.badInput;
}
