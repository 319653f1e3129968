import type { Actor } from '../../audit/actor.js';
import type { CommandArguments, CommandName, CommandResult } from '../contract/command-schema.js';

/** What a command knows of its own execution. */
export interface CommandContext {
  /** For the audit log: `issuer:<id>`. */
  readonly by: Actor;
  /** Says how far a long command is; more often than once a second it is not passed on. One that got on has more time. */
  readonly progress: (result: Readonly<Record<string, unknown>>) => void;
  /** Aborts when the daemon ends, and when the deadline of the command has passed: what can be ended ends then. */
  readonly signal: AbortSignal;
}

export interface CommandFailure {
  readonly outcome: 'failed';
  readonly code: string;
  readonly message: string;
  readonly result?: Readonly<Record<string, unknown>>;
}

export type CommandOutcome<Name extends CommandName> =
  | { readonly outcome: 'done'; readonly result: CommandResult<Name> }
  | CommandFailure;

/**
 * Executes commands, which are in order and allowed. What is thrown becomes a failure: the code and message of a
 * `RollcallError` are answered, of anything else only that it failed.
 */
export type CommandHandlers = {
  readonly [Name in CommandName]: (
    given: CommandArguments<Name>,
    context: CommandContext,
  ) => Promise<CommandOutcome<Name>>;
};

export function failed(code: string, message: string): CommandFailure {
  return { outcome: 'failed', code, message };
}
