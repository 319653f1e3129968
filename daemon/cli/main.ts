#!/usr/bin/env node
import { Command } from 'commander';
import { programVersion } from '../control/program-version.js';
import { registerAlerts } from './alerts.js';
import { registerAttendance } from './attendance.js';
import { registerAudit } from './audit.js';
import { registerBackup } from './backup.js';
import { registerCamera } from './camera.js';
import { registerCheckConfig } from './check-config.js';
import { registerDoctor } from './doctor.js';
import { registerEvaluate } from './evaluate.js';
import { registerEvents } from './events.js';
import { registerGallery } from './gallery.js';
import { registerIdentity } from './identity.js';
import { registerKey } from './key.js';
import { registerModels } from './models.js';
import { registerMqtt } from './mqtt.js';
import { registerOutbox } from './outbox.js';
import { endWithOutput, exitCodes } from './output.js';
import { registerPerson } from './person.js';
import { registerReplay } from './replay.js';
import { registerRetention } from './retention.js';
import { registerStatus } from './status.js';
import { registerTrust } from './trust.js';

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

registerStatus(program);
registerCheckConfig(program);
registerDoctor(program);
registerMqtt(program);
registerCamera(program);
registerPerson(program);
registerEvents(program);
registerOutbox(program);
registerAlerts(program);
registerAttendance(program);
registerKey(program);
registerIdentity(program);
registerGallery(program);
registerTrust(program);
registerAudit(program);
registerRetention(program);
registerBackup(program);
registerModels(program);
registerReplay(program);
registerEvaluate(program);

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
