import { type CommandName, commands, isCommandName, scopeOf } from '../../contract/events/command-schema.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { raceTimeout } from '../../kernel/race-timeout.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { type CommandHandlers, type CommandOutcome, failed } from './command-handlers.js';
import type { CommandMemory, KnownCommand } from './command-memory.js';
import { type RefusalCode, refusalMessage } from './command-refusal.js';
import { type Answer, type RecordEvent, replyNotice } from './command-replies.js';
import { Executions } from './executions.js';
import type { TrustedKeys } from './issuer-keys.js';
import { clockSkewS } from './verify-command.js';

export interface CommandQueueOptions {
  readonly keys: TrustedKeys;
  readonly memory: CommandMemory;
  readonly record: RecordEvent;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Longer answers are not kept for repetition, characters of JSON. */
const longestKeptReply = 32 * 1024;
/** Wait after a failed write, for example on a full disk. */
const retryMs = 10_000;
/** How long the shutdown waits for running commands, milliseconds. */
const graceMs = 3_000;
/** Long commands that do not make others wait. */
const parallelCommands: ReadonlySet<CommandName> = new Set<CommandName>(['rotate-keys']);
/** These come so often that they would fill the audit log. The events show their effect. */
const unauditedCommands: ReadonlySet<CommandName> = new Set<CommandName>(['acknowledge-events']);

/** An executed command whose audit entry, if any, and answer are not written yet. */
interface UnwrittenAnswer {
  readonly command: KnownCommand;
  readonly outcome: CommandOutcome<CommandName>;
  /** Removed once it is written. */
  entry?: NewAuditEntry | undefined;
}

/**
 * Executes the waiting commands one after the other in the order of arrival. Each is executed at most once, audited and
 * answered. A hanging command is answered at its deadline, see `deadlines`. While an audit entry or an answer cannot be written,
 * no further command is executed.
 */
export class CommandQueue implements AsyncDisposable {
  readonly #options: CommandQueueOptions;
  readonly #abort = new AbortController();
  readonly #executions: Executions;
  readonly #parallel = new Set<Promise<void>>();
  readonly #unwritten: UnwrittenAnswer[] = [];
  #handlers: CommandHandlers | undefined;
  #pumping: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #hasNewCommands = false;
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

  /** Answers commands that the end of the program interrupted, and begins to execute the waiting ones. */
  start(handlers: CommandHandlers): void {
    this.#handlers = handlers;
    for (const command of this.#options.memory.begun()) {
      const outcome = failed('interrupted', 'the box stopped while it executed the command');
      this.#unwritten.push({ command, outcome });
    }
    this.pump();
  }

  /** Call when a command was added. Does nothing before the start. */
  pump(): void {
    if (this.#handlers === undefined || this.#abort.signal.aborted) return;
    this.#hasNewCommands = true;
    this.#retry?.cancel();
    this.#pumping ??= this.#executeWaiting(this.#handlers)
      .catch((error: unknown) => this.#tryLater(error))
      .finally(() => {
        this.#pumping = undefined;
        if (this.#hasNewCommands) this.pump();
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
    const ended = Promise.all([this.#pumping, ...this.#parallel, ...this.#executions.overdue]);
    // A command that takes longer is answered as interrupted at the next start.
    await raceTimeout(clock, graceMs, ended);
  }

  async #executeWaiting(handlers: CommandHandlers): Promise<void> {
    for (;;) {
      // Each command begins in a turn of its own, so that receiving comes first.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#abort.signal.aborted) return;
      this.#hasNewCommands = false;
      this.#writeAnswers();
      const command = this.#options.memory.nextWaiting();
      this.#reportForeignCommands();
      if (command === undefined) return;
      const isOver = this.#execute(command, handlers);
      if (isCommandName(command.name) && parallelCommands.has(command.name)) this.#runInParallel(isOver);
      else await isOver;
    }
  }

  /** Such commands are not answered, because this program never received them. */
  #reportForeignCommands(): void {
    const { memory, audit, logger } = this.#options;
    const commands = memory.takeDropped();
    if (commands === 0) return;
    logger.error(
      'records.db contained waiting commands that this program did not write; they are not executed',
      {
        commands,
        remedy:
          'Find out who can write to the file. After an upgrade, have the centre send its last commands again.',
      },
    );
    audit({ by: { actor: 'daemon', origin: 'commands' }, action: 'command.dropped', details: { commands } });
  }

  #tryLater(error: unknown): void {
    const { clock, logger } = this.#options;
    if (this.#abort.signal.aborted) return;
    logger.error('commands cannot be executed or answered now; they wait', { error });
    this.#retry?.cancel();
    this.#retry = clock.after(retryMs, () => this.pump());
  }

  #runInParallel(work: Promise<void>): void {
    const running = work
      .catch((error: unknown) => this.#tryLater(error))
      .finally(() => this.#parallel.delete(running));
    this.#parallel.add(running);
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
    if (unauditedCommands.has(name)) this.#answer({ command, outcome });
    else this.#answer({ command, outcome, entry: this.#trace(name, command, outcome, by) });
  }

  /** Checks again what may have changed while the command waited: its expiry, and what its issuer may do. */
  #problemWith(command: KnownCommand): CommandOutcome<CommandName> | undefined {
    const { keys, clock } = this.#options;
    const { name, expiresAtMs, keyId, issuerId, arguments: text } = command;
    const nowMs = clock.wallMs();
    const refused = (code: RefusalCode) => failed(code, refusalMessage(code));
    if (expiresAtMs + clockSkewS * 1000 <= nowMs) return refused('expired');
    const key = keys.find(keyId);
    if (key?.issuerId !== issuerId) return refused('unknown-issuer');
    if (key.notAfterMs !== undefined && key.notAfterMs <= nowMs) return refused('key-expired');
    if (!isCommandName(name)) return undefined;
    const scope = scopeOf(name, JSON.parse(text) as Readonly<Record<string, unknown>>);
    // Without one, this release does not know the operation: the handler says so.
    return scope === undefined || key.scopes.includes(scope) ? undefined : refused('out-of-scope');
  }

  /** Throws when the answer cannot be written now; it is then written later. */
  #answer(answer: UnwrittenAnswer): void {
    this.#unwritten.push(answer);
    this.#writeAnswers();
  }

  #writeAnswers(): void {
    for (let next = this.#unwritten[0]; next !== undefined; next = this.#unwritten[0]) {
      // The audit entry comes first, so that every answer has one. A kill in between leaves the answer `interrupted`.
      this.#audit(next);
      this.#record(next);
      this.#unwritten.shift();
    }
  }

  #audit(answer: UnwrittenAnswer): void {
    const { entry } = answer;
    if (entry === undefined) return;
    try {
      this.#options.audit(entry);
    } catch (error) {
      if (!isRollcallError(error) || error.kind !== 'defect') throw error;
      // A defect would repeat for ever and block all later commands.
      this.#options.logger.error('a command cannot be audited', { id: answer.command.commandId, error });
    }
    answer.entry = undefined;
  }

  #record({ command: { number, name, commandId }, outcome }: UnwrittenAnswer): void {
    const { record, memory, clock } = this.#options;
    const answer: Answer = { commandId, command: isCommandName(name) ? name : 'unknown', ...outcome };
    const text = JSON.stringify(answer);
    const kept = text.length > longestKeptReply ? null : text;
    record(replyNotice(answer, clock), () => memory.answered(number, kept));
  }

  /** Logs the execution of a command, and returns its audit entry. */
  #trace(
    command: CommandName,
    { commandId, issuerId, keyId, arguments: text }: KnownCommand,
    outcome: CommandOutcome<CommandName>,
    by: Actor,
  ): NewAuditEntry {
    const code = outcome.outcome === 'failed' ? { code: outcome.code } : {};
    const details = { command, outcome: outcome.outcome, ...code, ...aboutOf(command, text), keyId };
    this.#options.logger.info('a command was executed', { ...details, issuer: issuerId, id: commandId });
    return { by, action: 'command.executed', subject: commandId, details };
  }
}

/** The camera whose picture or setting the command was about, or the operation that it called. */
function aboutOf(
  command: CommandName,
  text: string,
): { readonly camera?: string; readonly operation?: string } {
  if (command !== 'set-camera' && command !== 'request-snapshot' && command !== 'call-operation') return {};
  const given = commands[command].arguments.safeParse(JSON.parse(text));
  if (!given.success) return {};
  return 'operation' in given.data ? { operation: given.data.operation } : { camera: given.data.camera };
}

/** For a command of another release of the program. */
const unknownCommand = failed('unknown-command', refusalMessage('unknown-command'));
