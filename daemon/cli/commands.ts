import { Command } from 'commander';
import type { Subject } from '../contract/load-operation.js';
import { exitCodes } from '../host/output.js';
import type { Groups, RegisterByHand } from './derived-commands.js';
import { commandsOf, type NamedCommand } from './reference/command-tree.js';
import { examplesText } from './reference/examples.js';
import { registerVersion, versionText } from './version.js';

/** Commands that the contract describes, and those of the same groups that are written by hand: see `derivedCommands`. */
const derived =
  (subjects: readonly Subject[], groups: Groups, byHand?: () => Promise<RegisterByHand>) => async () => {
    const [{ derivedCommands }, register] = await Promise.all([import('./derived-commands.js'), byHand?.()]);
    return derivedCommands(subjects, groups, register);
  };

/**
 * The commands by name, in the order of the help. Each command loads its own modules: loading takes most of the time of a
 * command, and few commands need images, networks or a broker.
 */
export const commands: ReadonlyMap<string, () => Promise<(program: Command) => void>> = new Map([
  ['status', async () => (await import('./status.js')).registerStatus],
  ['check-config', async () => (await import('./check-config.js')).registerCheckConfig],
  ['config', async () => (await import('./config.js')).registerConfig],
  ['doctor', async () => (await import('./doctor.js')).registerDoctor],
  ['support-bundle', async () => (await import('./support/support-bundle.js')).registerSupportBundle],
  ['sizing', async () => (await import('./sizing.js')).registerSizing],
  ['mqtt', async () => (await import('./mqtt.js')).registerMqtt],
  [
    'camera',
    derived(
      ['cameras'],
      { camera: 'show, test, add, change and remove cameras' },
      async () => (await import('./camera.js')).registerCamera,
    ),
  ],
  ['screen', derived(['screens'], { screen: 'the screens that show prompts of challenges' })],
  ['liveness', async () => (await import('./liveness.js')).registerLiveness],
  [
    'person',
    derived(
      ['persons'],
      {
        person: 'enrol, show, compare, change, remove, erase, export and import persons',
        'person photo': 'list, add, replace and remove photos of a person',
      },
      async () => (await import('./person.js')).registerPerson,
    ),
  ],
  [
    'passages',
    derived(['passages'], { passages: 'whom each camera saw, what the box decided, and why' }, async () => {
      const [{ registerTail }, { registerMark }, { registerClip }] = await Promise.all([
        import('./passages/passages-tail.js'),
        import('./passages/passages-mark.js'),
        import('./passages/passages-clip.js'),
      ]);
      return (groupOf, addDerived) => {
        addDerived('passages show');
        registerClip(groupOf('passages'));
        registerTail(groupOf('passages'));
        registerMark(groupOf('passages'));
        addDerived();
      };
    }),
  ],
  [
    'report',
    derived(['reports'], { report: 'figures over a period, and of the gallery' }, async () => {
      const { registerPreview } = await import('./passages/report-preview.js');
      return (groupOf, addDerived) => {
        addDerived('report accuracy');
        registerPreview(groupOf('report'));
        addDerived();
      };
    }),
  ],
  [
    'strangers',
    derived(
      ['strangers'],
      {
        strangers:
          'persons who are not enrolled: list, show, merge, split, assign, ignore, discard and restore them',
      },
      async () => (await import('./strangers/strangers.js')).registerStrangers,
    ),
  ],
  [
    'events',
    derived(['events'], { events: 'show, check and resend the events of the box' }, async () => {
      const [{ registerTail }, { registerVerify }] = await Promise.all([
        import('./events/events-tail.js'),
        import('./events/events-verify.js'),
      ]);
      return (groupOf, addDerived) => {
        registerTail(groupOf('events'));
        addDerived('events show');
        registerVerify(groupOf('events'));
        addDerived();
      };
    }),
  ],
  ['outbox', derived(['outbox'], { outbox: 'the events that wait to leave the box' })],
  [
    'alerts',
    derived(
      ['alerts'],
      { alerts: 'show, acknowledge and mute alerts; add, test and remove channels' },
      async () => (await import('./alert-channels.js')).registerAlertChannels,
    ),
  ],
  ['attendance', async () => (await import('./attendance/attendance.js')).registerAttendance],
  ['key', async () => (await import('./key/key.js')).registerKey],
  ['identity', async () => (await import('./identity/identity.js')).registerIdentity],
  [
    'user',
    derived(['users', 'api-keys'], {
      user: 'the accounts of people who operate the box, and the API keys of programs',
      'user key': 'the API keys of programs that cannot log in',
    }),
  ],
  ['role', derived(['roles'], { role: 'the roles of accounts: what their users may do' })],
  [
    'approval',
    derived(['approvals'], {
      approval: 'requests of users that a second person must approve (api.secondPerson)',
    }),
  ],
  ['gallery', async () => (await import('./gallery/gallery.js')).registerGallery],
  ['trust', async () => (await import('./identity/trust.js')).registerTrust],
  ['audit', async () => (await import('./audit/audit.js')).registerAudit],
  ['retention', async () => (await import('./gallery/retention.js')).registerRetention],
  ['backup', async () => (await import('./backup/backup.js')).registerBackup],
  ['box', async () => (await import('./box-erasure.js')).registerBox],
  ['models', async () => (await import('./models.js')).registerModels],
  ['update', async () => (await import('./update/update.js')).registerUpdate],
  ['replay', async () => (await import('../lab/replay.js')).registerReplay],
  ['evaluate', async () => (await import('../lab/evaluate.js')).registerEvaluate],
  ['completion', async () => (await import('./reference/completion.js')).completionCommand(allCommands)],
  ['man', async () => (await import('./reference/manual.js')).manualCommand(allCommands, exitCodeMeanings)],
  ['version', () => Promise.resolve(registerVersion)],
]);

/** Exit codes of all commands, for the help and the manual. */
export const exitCodeMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCodes.done, 'success'],
  [exitCodes.failed, 'the operation failed, was refused, or found problems'],
  [exitCodes.badInput, 'wrong usage or unusable input'],
  [exitCodes.daemonUnreachable, 'the daemon does not answer'],
];

const versionFlags: readonly string[] = ['-V', '--version'];

/** The program with the command named `word`, or with none where this is `--version`; see {@link addCommands}. */
export async function rollcallProgram(word: string | undefined): Promise<Command> {
  const program = new Command('rollcall')
    .description(
      'Attendance from CCTV cameras: recognises live persons by comparing faces with an encrypted gallery.',
    )
    .version(versionText(), versionFlags.join(', '), 'print the versions')
    // Makes Commander throw instead of ending the process. Commands that are added later inherit this.
    .exitOverride()
    .addHelpText(
      'after',
      ['', 'Exit codes:', ...exitCodeMeanings.map(([code, meaning]) => `  ${code}  ${meaning}`)].join('\n'),
    );
  // The versions are printed whatever follows, and to load all commands takes three quarters of a second.
  if (!versionFlags.includes(word ?? '')) await addCommands(program, word);
  for (const named of commandsOf(program)) {
    named.command.showHelpAfterError(usageHint(named)).addHelpText('after', examplesText(named));
  }
  return program;
}

/**
 * Replaces the word `help` by the option: `help person add` becomes `person add --help`. An unknown command loses its help
 * (`persn --help` becomes `persn`), so that Commander refuses it and suggests the nearest command.
 */
export function withHelpSpelledOut(program: Command, given: readonly string[]): readonly string[] {
  const words: string[] = [];
  let at = program;
  for (const [index, word] of given.entries()) {
    if (word === 'help' && at.commands.length > 0) continue;
    const isSubcommand = at.commands.length > 0 && !word.startsWith('-');
    if (!isSubcommand) return withHelpOption(given, [...words, ...given.slice(index)]);
    words.push(word);
    const subcommand = at.commands.find((command) => command.name() === word);
    if (subcommand === undefined) return words;
    at = subcommand;
  }
  return withHelpOption(given, words);
}

/** Adds `--help` if the word `help` was dropped. */
function withHelpOption(given: readonly string[], words: readonly string[]): readonly string[] {
  return words.length < given.length ? [...words, '--help'] : words;
}

/** Follows an error of usage. */
function usageHint({ words, command: { commands: subcommands } }: NamedCommand): string {
  const hint = `Run '${words.join(' ')} --help' to see how to use it.`;
  if (subcommands.length === 0) return hint;
  return `The commands of '${words.join(' ')}' are: ${subcommands.map((command) => command.name()).join(', ')}.\n${hint}`;
}

/** The program with all its commands, for the completion script and the manual. */
function allCommands(): Promise<Command> {
  return rollcallProgram(undefined);
}

/** Adds the command named `word`. Adds all commands if there is none, so that the help and Commander's suggestions know them. */
export async function addCommands(program: Command, word: string | undefined): Promise<void> {
  const asked = commands.get(word ?? '');
  for (const load of asked === undefined ? commands.values() : [asked]) (await load())(program);
}
