import type { Actor } from '../../audit/actor.js';
import type { NewAuditEntry } from '../../audit/audit-entry.js';
import type { Clock, Timer } from '../../base/clock.js';
import { isRollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CommandMemory, KnownCommand } from '../../records/commands/command-memory.js';
import { type CommandName, commands, isCommandName } from '../contract/command-schema.js';
import { within } from '../within.js';
import { type CommandHandlers, type CommandOutcome, failed } from './command-handlers.js';
import { type Answer, type RecordEvent, replyNotice } from './command-replies.js';
import { Executions } from './executions.js';
import { refusalMessage } from './refusal.js';
import type { TrustedKeys } from './trusted-keys.js';
import { clockSkewS } from './verify-command.js';

export interface CommandQueueOptions {
  readonly keys: TrustedKeys;
  readonly memory: CommandMemory;
  readonly record: RecordEvent;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Longest answer that is kept to be given again, characters of JSON. */
const longestKeptReply = 32 * 1024;
/** After a disk was full. */
const retryMs = 10_000;
/** How long the end waits for a command that is being executed, milliseconds. */
const graceMs = 3_000;
/** They go on by themselves, and others need not wait for them. */
const besideOthers: ReadonlySet<CommandName> = new Set<CommandName>(['rotate-keys']);
/** So often that they would crowd out everything else; what they do is told by the events themselves. */
const untraced: ReadonlySet<CommandName> = new Set<CommandName>(['acknowledge-events']);

/** What has to be written down yet: the entry of the audit log, where there is to be one, and then the answer. */
interface Owed {
  readonly command: KnownCommand;
  readonly outcome: CommandOutcome<CommandName>;
  /** Absent once it is written. */
  entry?: NewAuditEntry | undefined;
}

/**
 * Executes the commands that wait, one after the other in order of their arrival: each at most once, and each audited and
 * answered. One that hangs is answered at its deadline, see `deadlines`. While an entry of the audit log or an answer cannot be written down, nothing more is executed.
 */
export class CommandQueue implements AsyncDisposable {
  readonly #options: CommandQueueOptions;
  readonly #abort = new AbortController();
  readonly #executions: Executions;
  readonly #beside = new Set<Promise<void>>();
  readonly #owed: Owed[] = [];
  #handlers: CommandHandlers | undefined;
  #pumping: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #isWanted = false;
  #retry: Timer | undefined;
  #executed = 0;

  constructor(options: CommandQueueOptions) {
    this.#options = options;
    this.#executions = new Executions({ ...options, signal: this.#abort.signal });
  }

  /** Since the start. */
  get executedCount(): number {
    return this.#executed;
  }

  /** Answers what an end of the program cut short, and begins with what waits. */
  start(handlers: CommandHandlers): void {
    this.#handlers = handlers;
    for (const command of this.#options.memory.begun()) {
      const outcome = failed('interrupted', 'the box stopped while it executed the command');
      this.#owed.push({ command, outcome });
    }
    this.pump();
  }

  /** Call when a command was added. Does nothing before the start. */
  pump(): void {
    if (this.#handlers === undefined || this.#abort.signal.aborted) return;
    this.#isWanted = true;
    this.#retry?.cancel();
    this.#pumping ??= this.#executeWaiting(this.#handlers)
      .catch((error: unknown) => this.#tryLater(error))
      .finally(() => {
        this.#pumping = undefined;
        if (this.#isWanted) this.pump();
      });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#abort.abort();
    this.#retry?.cancel();
    const { clock } = this.#options;
    const ended = Promise.all([this.#pumping, ...this.#beside, ...this.#executions.overdue]);
    // What takes longer is answered as interrupted at the next start.
    await within(clock, graceMs, ended);
  }

  async #executeWaiting(handlers: CommandHandlers): Promise<void> {
    for (;;) {
      // Each begins in a turn of its own: taking in comes first.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#abort.signal.aborted) return;
      this.#isWanted = false;
      this.#payOwed();
      const command = this.#options.memory.nextWaiting();
      this.#tellDropped();
      if (command === undefined) return;
      const isOver = this.#execute(command, handlers);
      if (isCommandName(command.name) && besideOthers.has(command.name)) this.#letRun(isOver);
      else await isOver;
    }
  }

  /** Nobody is answered: whoever gave such a command did not give it to this program. */
  #tellDropped(): void {
    const { memory, audit, logger } = this.#options;
    const commands = memory.takeDropped();
    if (commands === 0) return;
    logger.error(
      'commands that this program did not write down waited in records.db; they are not executed',
      {
        commands,
        remedy:
          'find out who can write to the file; after an upgrade, have the centre send again what it sent before',
      },
    );
    audit({ by: { actor: 'daemon', origin: 'commands' }, action: 'command.dropped', details: { commands } });
  }

  #tryLater(error: unknown): void {
    const { clock, logger } = this.#options;
    if (this.#abort.signal.aborted) return;
    logger.error('commands wait: they cannot be executed or answered now', { error });
    this.#retry?.cancel();
    this.#retry = clock.after(retryMs, () => this.pump());
  }

  #letRun(work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => this.#tryLater(error))
      .finally(() => this.#beside.delete(held));
    this.#beside.add(held);
  }

  async #execute(command: KnownCommand, handlers: CommandHandlers): Promise<void> {
    const { memory } = this.#options;
    const { number, name, commandId, issuerId } = command;
    if (!memory.begin(number)) return;
    const problem = this.#problemWith(command);
    if (problem !== undefined || !isCommandName(name)) {
      this.#answer({ command, outcome: problem ?? unknownCommand });
      return;
    }
    const obstacle = this.#executions.obstacleTo(name);
    if (obstacle !== undefined) {
      this.#answer({ command, outcome: obstacle });
      return;
    }
    const by: Actor = { actor: `issuer:${issuerId}`, origin: `command ${commandId}` };
    const outcome = await this.#executions.run(name, command, handlers, by);
    this.#executed += 1;
    if (untraced.has(name)) this.#answer({ command, outcome });
    else this.#answer({ command, outcome, entry: this.#trace(name, command, outcome, by) });
  }

  /** It may have waited through a long stop, or for others, and its issuer may have been removed meanwhile. */
  #problemWith({ expiresAtMs, keyId, issuerId }: KnownCommand): CommandOutcome<CommandName> | undefined {
    const { keys, clock } = this.#options;
    if (expiresAtMs + clockSkewS * 1000 <= clock.wallMs())
      return failed('expired', refusalMessage('expired'));
    if (keys.find(keyId)?.issuerId === issuerId) return undefined;
    return failed('unknown-issuer', refusalMessage('unknown-issuer'));
  }

  /** What cannot be written down now is owed, and this throws why. */
  #answer(owed: Owed): void {
    this.#owed.push(owed);
    this.#payOwed();
  }

  #payOwed(): void {
    for (let next = this.#owed[0]; next !== undefined; next = this.#owed[0]) {
      // First: whoever has the answer finds the entry. A kill between leaves the answer `interrupted`.
      this.#audit(next);
      this.#record(next);
      this.#owed.shift();
    }
  }

  #audit(owed: Owed): void {
    const { entry } = owed;
    if (entry === undefined) return;
    try {
      this.#options.audit(entry);
    } catch (error) {
      if (!isRollcallError(error) || error.kind !== 'defect') throw error;
      // It would fail in the same way for ever, and everything behind it with it.
      this.#options.logger.error('a command cannot be audited', { id: owed.command.commandId, error });
    }
    owed.entry = undefined;
  }

  #record({ command: { number, name, commandId }, outcome }: Owed): void {
    const { record, memory, clock } = this.#options;
    const answer: Answer = { commandId, command: isCommandName(name) ? name : 'unknown', ...outcome };
    const text = JSON.stringify(answer);
    const kept = text.length > longestKeptReply ? null : text;
    record(replyNotice(answer, clock), () => memory.answered(number, kept));
  }

  /** Says in the log that it was executed, and returns what the audit log is to say. */
  #trace(
    command: CommandName,
    { commandId, issuerId, keyId, arguments: text }: KnownCommand,
    outcome: CommandOutcome<CommandName>,
    by: Actor,
  ): NewAuditEntry {
    const code = outcome.outcome === 'failed' ? { code: outcome.code } : {};
    const details = { command, outcome: outcome.outcome, ...code, ...cameraOf(command, text), keyId };
    this.#options.logger.info('a command was executed', { ...details, issuer: issuerId, id: commandId });
    return { by, action: 'command.executed', subject: commandId, details };
  }
}

/** Whose pictures somebody had, or did not have. */
function cameraOf(command: CommandName, text: string): { readonly camera?: string } {
  if (command !== 'set-camera' && command !== 'request-snapshot') return {};
  const given = commands[command].arguments.safeParse(JSON.parse(text));
  return given.success ? { camera: given.data.camera } : {};
}

/** Of another release of the program. */
const unknownCommand = failed('unknown-command', refusalMessage('unknown-command'));
