import type { Actor } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import { isRollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { KnownCommand } from '../../records/commands/command-memory.js';
import { type CommandName, commands } from '../contract/command-schema.js';
import { within } from '../within.js';
import {
  type CommandFailure,
  type CommandHandlers,
  type CommandOutcome,
  failed,
} from './command-handlers.js';
import type { RecordEvent } from './command-replies.js';
import { Deadline, deadlines } from './deadlines.js';
import { Progress } from './progress.js';

export interface ExecutionsOptions {
  readonly record: RecordEvent;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
}

/** How long a command that was told to end may take to do so, milliseconds. */
const endingMs = 1_000;

/** The code of a command that heeded its signal. */
const endedByUs = 'interrupted';

/** A command that goes on although its deadline has passed and it was answered. */
interface Overdue {
  readonly kind: string;
  readonly ended: Promise<void>;
}

/** Executes commands, each within its deadline: nothing that hangs holds up what comes behind it. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #overdue = new Set<Overdue>();

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  /** Resolve when what was answered as late has ended, too. */
  get overdue(): readonly Promise<void>[] {
    return [...this.#overdue].map(({ ended }) => ended);
  }

  /** Why a command may not begin: one that it could get in the way of was answered, and has not ended. */
  obstacleTo(name: CommandName): CommandFailure | undefined {
    const { kind } = deadlines[name];
    if (![...this.#overdue].some((one) => one.kind === kind)) return undefined;
    return failed(
      'held-up',
      'it was not begun: a command of its kind that was not done in time has not ended yet; give a new one later, or have the box restarted',
    );
  }

  /** Resolves, never rejects, at the deadline at the latest. */
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
      // From here on the command is ended with the daemon, and answered as interrupted at the next start.
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
        progress.say(result);
      },
    });
    try {
      const outcome = await Promise.race([work, deadline.passed]);
      return outcome === 'late' ? await this.#end(name, commandId, work, abort) : outcome;
    } finally {
      progress.end();
      signal.removeEventListener('abort', onEnd);
    }
  }

  /** What is answered of a command whose deadline has passed. */
  async #end(
    name: CommandName,
    commandId: string,
    work: Promise<CommandOutcome<CommandName>>,
    abort: AbortController,
  ): Promise<CommandOutcome<CommandName>> {
    const { clock, logger } = this.#options;
    const { kind, limitMs, remedy } = deadlines[name];
    abort.abort();
    const outcome = await within(clock, endingMs, work);
    const wasEnded = outcome !== 'late' && outcome.outcome === 'failed' && outcome.code === endedByUs;
    if (outcome !== 'late' && !wasEnded) return outcome;
    const about = `the command did not get on for ${limitMs / 1_000} seconds`;
    logger.error('a command was not done in time', {
      command: name,
      id: commandId,
      hasEnded: wasEnded,
    });
    if (wasEnded) return failed('timed-out', `${about} and was ended: ${remedy}`);
    const overdue = {
      kind,
      ended: work.then((late) => {
        this.#overdue.delete(overdue);
        const code = late.outcome === 'failed' ? { code: late.code } : {};
        logger.warn('a command that was not done in time has ended', {
          ...{ command: name, id: commandId, outcome: late.outcome, ...code },
        });
      }),
    };
    this.#overdue.add(overdue);
    return failed(
      'timed-out',
      `${about}; it may still be done, and none of its kind begins before: ${remedy}`,
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
