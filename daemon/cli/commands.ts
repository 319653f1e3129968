import type { Command } from 'commander';

/**
 * What adds each command, by the word that calls it, in the order of the help. Each is loaded for itself: reading the
 * modules is most of what a command takes, and hardly one needs those of another (pictures, networks, a broker).
 */
export const commands: ReadonlyMap<string, () => Promise<(program: Command) => void>> = new Map([
  ['status', async () => (await import('./status.js')).registerStatus],
  ['check-config', async () => (await import('./check-config.js')).registerCheckConfig],
  ['doctor', async () => (await import('./doctor/doctor.js')).registerDoctor],
  ['mqtt', async () => (await import('./mqtt.js')).registerMqtt],
  ['camera', async () => (await import('./camera.js')).registerCamera],
  ['person', async () => (await import('./person/person.js')).registerPerson],
  ['events', async () => (await import('./events/events.js')).registerEvents],
  ['outbox', async () => (await import('./events/outbox.js')).registerOutbox],
  ['alerts', async () => (await import('./alerts/alerts.js')).registerAlerts],
  ['attendance', async () => (await import('./attendance/attendance.js')).registerAttendance],
  ['key', async () => (await import('./key/key.js')).registerKey],
  ['identity', async () => (await import('./identity/identity.js')).registerIdentity],
  ['gallery', async () => (await import('./gallery/gallery.js')).registerGallery],
  ['trust', async () => (await import('./identity/trust.js')).registerTrust],
  ['audit', async () => (await import('./audit/audit.js')).registerAudit],
  ['retention', async () => (await import('./gallery/retention.js')).registerRetention],
  ['backup', async () => (await import('./backup/backup.js')).registerBackup],
  ['models', async () => (await import('./models.js')).registerModels],
  ['replay', async () => (await import('./replay/replay.js')).registerReplay],
  ['evaluate', async () => (await import('./replay/evaluate.js')).registerEvaluate],
]);

/**
 * Adds the command that `word` calls; all of them where it calls none, so that the help names them and a word that is
 * nearly right is corrected.
 */
export async function addCommands(program: Command, word: string | undefined): Promise<void> {
  const asked = commands.get(word ?? '');
  for (const load of asked === undefined ? commands.values() : [asked]) (await load())(program);
}
