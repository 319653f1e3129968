#!/usr/bin/env node
import { Command } from 'commander';
import { programVersion } from '../control/program-version.js';
import { addCommands } from './commands.js';
import { endWithOutput, exitCodes } from './output.js';

const program = new Command('rollcall')
  .description('Attendance from CCTV cameras: live persons recognised against an encrypted gallery.')
  .version(programVersion())
  .showHelpAfterError('(add --help for the ways to call it)')
  .addHelpText(
    'after',
    [
      '',
      'Exit codes:',
      `  ${exitCodes.done}  done`,
      `  ${exitCodes.failed}  the operation failed, was refused or found problems`,
      `  ${exitCodes.badInput}  bad usage, or input that cannot be used`,
      `  ${exitCodes.daemonUnreachable}  the daemon does not answer`,
    ].join('\n'),
  )
  .exitOverride();

await addCommands(program, process.argv[2]);

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
