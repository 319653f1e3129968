import type { CommandArguments, CommandName, CommandResult } from '../../contract/events/command-schema.js';
import type { Actor } from '../../kernel/actor.js';

/** What a handler gets beside the arguments of the command. */
export interface CommandContext {
  /** For the audit log: `issuer:<id>`. */
  readonly by: Actor;
  /** Reports the progress of a long command. It is published at most once a second, and new progress renews the deadline. */
  readonly progress: (result: Readonly<Record<string, unknown>>) => void;
  /** Aborts when the daemon ends and when the deadline of the command has passed. */
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
 * Executes verified commands. A thrown error becomes a failure: the answer has the code and message of a `RollcallError`, but no
 * details of any other error.
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
