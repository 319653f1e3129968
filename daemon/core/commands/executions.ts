import { type CommandName, commands } from '../../contract/events/command-schema.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { raceTimeout } from '../../kernel/race-timeout.js';
import {
  type CommandFailure,
  type CommandHandlers,
  type CommandOutcome,
  failed,
} from './command-handlers.js';
import type { KnownCommand } from './command-memory.js';
import { type RecordEvent, replyNotice } from './command-replies.js';
import { Deadline, deadlines } from './deadlines.js';

export interface ExecutionsOptions {
  readonly record: RecordEvent;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
}

/** How long an aborted command may take to end, milliseconds. */
const endingMs = 1_000;

/** The code of a command that ended because its signal aborted. */
const endedByUs = 'interrupted';

/** A command that still runs after it was answered at its deadline. */
interface Overdue {
  readonly kind: string;
  readonly ended: Promise<void>;
}

/** Executes commands, each within its deadline, so that a hanging command does not block the following ones. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #overdue = new Set<Overdue>();

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  /** One promise for each command that still runs after its deadline; it resolves when the command ends. */
  get overdue(): readonly Promise<void>[] {
    return [...this.#overdue].map(({ ended }) => ended);
  }

  /** Why a command must not begin: an overdue command of the same kind still runs. Undefined where it may begin. */
  obstacleTo(name: CommandName): CommandFailure | undefined {
    const { kind } = deadlines[name];
    if (![...this.#overdue].some((one) => one.kind === kind)) return undefined;
    return failed(
      'held-up',
      'the command was not begun, because an earlier one of its kind missed its deadline and still runs; send a new one later, or restart the box',
    );
  }

  /** Resolves at the deadline at the latest. Never rejects. */
  async run<Name extends CommandName>(
    name: Name,
    command: KnownCommand,
    handlers: CommandHandlers,
    by: Actor,
  ): Promise<CommandOutcome<CommandName>> {
    const { record, clock, logger, signal } = this.#options;
    const { commandId } = command;
    const progress = new Progress({ commandId, command: name, clock, record, logger });
    const abort = new AbortController();
    using deadline = new Deadline(clock, deadlines[name].limitMs);
    const onEnd = (): void => {
      // The daemon ends. A command that does not end in time is answered as interrupted at the next start.
      deadline[Symbol.dispose]();
      abort.abort(signal.reason);
    };
    signal.addEventListener('abort', onEnd);
    if (signal.aborted) onEnd();
    let furthest = '';
    const work = this.#outcomeOf(name, command, handlers, {
      by,
      signal: abort.signal,
      progress(result) {
        const far = JSON.stringify(result);
        if (far !== furthest) deadline.renew();
        furthest = far;
        progress.report(result);
      },
    });
    try {
      const outcome = await Promise.race([work, deadline.passed]);
      return outcome === 'late' ? await this.#abortOverdue(name, commandId, work, abort) : outcome;
    } finally {
      progress.end();
      signal.removeEventListener('abort', onEnd);
    }
  }

  /** Aborts a command whose deadline has passed, and returns its answer. */
  async #abortOverdue(
    name: CommandName,
    commandId: string,
    work: Promise<CommandOutcome<CommandName>>,
    abort: AbortController,
  ): Promise<CommandOutcome<CommandName>> {
    const { clock, logger } = this.#options;
    const { kind, limitMs, remedy } = deadlines[name];
    abort.abort();
    const outcome = await raceTimeout(clock, endingMs, work);
    const wasEnded = outcome !== 'late' && outcome.outcome === 'failed' && outcome.code === endedByUs;
    if (outcome !== 'late' && !wasEnded) return outcome;
    const about = `the command made no progress for ${limitMs / 1_000} seconds`;
    logger.error('a command missed its deadline', {
      command: name,
      id: commandId,
      hasEnded: wasEnded,
    });
    if (wasEnded) return failed('timed-out', `${about} and was ended. ${remedy}`);
    const overdue = {
      kind,
      ended: work.then((late) => {
        this.#overdue.delete(overdue);
        const code = late.outcome === 'failed' ? { code: late.code } : {};
        logger.warn('a command that missed its deadline has ended', {
          ...{ command: name, id: commandId, outcome: late.outcome, ...code },
        });
      }),
    };
    this.#overdue.add(overdue);
    return failed(
      'timed-out',
      `${about} and still runs; no command of its kind begins before it ends. ${remedy}`,
    );
  }

  async #outcomeOf<Name extends CommandName>(
    name: Name,
    command: KnownCommand,
    handlers: CommandHandlers,
    context: Parameters<CommandHandlers[Name]>[1],
  ): Promise<CommandOutcome<CommandName>> {
    try {
      const handler: CommandHandlers[Name] = handlers[name];
      const given = commands[name].arguments.parse(JSON.parse(command.arguments));
      return await handler(given as Parameters<typeof handler>[0], context);
    } catch (error) {
      if (isRollcallError(error) && error.kind !== 'defect') return failed(error.code, error.message);
      if (context.signal.aborted) return failed(endedByUs, 'the command was ended');
      this.#options.logger.error('a command failed', { command: name, id: command.commandId, error });
      return failed('internal', 'the command failed; the log of the box says why');
    }
  }
}

/** The shortest time between two published progress replies, milliseconds. */
const everyMs = 1_000;

export interface ProgressOptions {
  readonly commandId: string;
  readonly command: string;
  readonly clock: Clock;
  readonly record: RecordEvent;
  readonly logger: Logger;
}

/** Publishes the progress of a command. */
export class Progress {
  readonly #about: ProgressOptions;
  #lastMs: number | undefined;
  #hasEnded = false;

  constructor(about: ProgressOptions) {
    this.#about = about;
  }

  report(result: Readonly<Record<string, unknown>>): void {
    const { commandId, command, clock, record, logger } = this.#about;
    const nowMs = clock.monotonicMs();
    if (this.#hasEnded || (this.#lastMs !== undefined && nowMs - this.#lastMs < everyMs)) return;
    this.#lastMs = nowMs;
    try {
      record(replyNotice({ commandId, command, outcome: 'progress', result }, clock));
    } catch (error) {
      // The command itself must not fail because of this.
      logger.warn('the progress of a command could not be recorded', { reason: messageOf(error) });
    }
  }

  /** No progress may follow the answer. */
  end(): void {
    this.#hasEnded = true;
  }
}
