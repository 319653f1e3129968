import { Command } from 'commander';
import { exitCodes } from './output.js';
import { commandsOf, type NamedCommand } from './reference/command-tree.js';
import { examplesText } from './reference/examples.js';
import { registerVersion, versionText } from './version.js';

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
  ['liveness', async () => (await import('./liveness.js')).registerLiveness],
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
  ['completion', async () => (await import('./reference/completion.js')).completionCommand(allCommands)],
  ['man', async () => (await import('./reference/manual.js')).manualCommand(allCommands, exitCodeMeanings)],
  ['version', () => Promise.resolve(registerVersion)],
]);

/** What every command ends with, for the help and the manual. */
export const exitCodeMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCodes.done, 'done'],
  [exitCodes.failed, 'the operation failed, was refused or found problems'],
  [exitCodes.badInput, 'bad usage, or input that cannot be used'],
  [exitCodes.daemonUnreachable, 'the daemon does not answer'],
];

/** The program with the command that `word` calls; see {@link addCommands}. */
export async function rollcallProgram(word: string | undefined): Promise<Command> {
  const program = new Command('rollcall')
    .description('Attendance from CCTV cameras: live persons recognised against an encrypted gallery.')
    .version(versionText(), '-V, --version', 'print the versions')
    // Commander throws then where it would end the process; each command takes this over as it is added.
    .exitOverride()
    .addHelpText(
      'after',
      ['', 'Exit codes:', ...exitCodeMeanings.map(([code, meaning]) => `  ${code}  ${meaning}`)].join('\n'),
    );
  await addCommands(program, word);
  for (const named of commandsOf(program)) {
    named.command.showHelpAfterError(usageHint(named)).addHelpText('after', examplesText(named));
  }
  return program;
}

/**
 * The arguments in the form that leaves no help to a word which calls nothing: `help person add` becomes `person add --help`,
 * and `help persn` or `persn --help` becomes `persn`, which is refused with the nearest word.
 */
export function spelledOut(program: Command, given: readonly string[]): readonly string[] {
  const words: string[] = [];
  let at = program;
  for (const [index, word] of given.entries()) {
    if (word === 'help' && at.commands.length > 0) continue;
    const isBelow = at.commands.length > 0 && !word.startsWith('-');
    if (!isBelow) return withHelp(given, [...words, ...given.slice(index)]);
    words.push(word);
    const below = at.commands.find((command) => command.name() === word);
    if (below === undefined) return words;
    at = below;
  }
  return withHelp(given, words);
}

/** What was asked with the word `help` is asked with the option. */
function withHelp(given: readonly string[], words: readonly string[]): readonly string[] {
  return words.length < given.length ? [...words, '--help'] : words;
}

/** What is said behind an error of usage. */
function usageHint({ words, command: { commands: below } }: NamedCommand): string {
  const hint = `Run '${words.join(' ')} --help' to see how to use it.`;
  if (below.length === 0) return hint;
  return `The commands of '${words.join(' ')}' are: ${below.map((command) => command.name()).join(', ')}.\n${hint}`;
}

/** The program with all its commands: for what is made from them. */
function allCommands(): Promise<Command> {
  return rollcallProgram(undefined);
}

/**
 * Adds the command that `word` calls; all of them where it calls none, so that the help names them and a word that is
 * nearly right is corrected.
 */
export async function addCommands(program: Command, word: string | undefined): Promise<void> {
  const asked = commands.get(word ?? '');
  for (const load of asked === undefined ? commands.values() : [asked]) (await load())(program);
}
