import { createHash } from 'node:crypto';
import { present } from '../../kernel/present.js';
import type { CommandHandlers } from './command-handlers.js';
import { CommandQueue, type CommandQueueOptions } from './command-queue.js';
import { type CommandRefusal, type RefusalCode, refusalMessage } from './command-refusal.js';
import type { Answer } from './command-replies.js';
import { FailureLog } from './failure-log.js';
import { type RefusalAlarm, RefusedCommands } from './refused-commands.js';
import { type VerifiedCommand, verifyCommand } from './verify-command.js';

export interface CommandReceiverOptions extends CommandQueueOptions {
  /** `<site>/<box>`. */
  readonly audience: string;
  readonly alarm: RefusalAlarm;
}

/** Since the start. */
export interface CommandCounts {
  readonly accepted: number;
  readonly executed: number;
  /** Repeated tokens, which are not executed again. From the third repetition on they count as `refused`, code `replayed`. */
  readonly repeated: number;
  readonly waiting: number;
  /** By code. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Limits of the waiting commands. Further commands are refused as `busy` and can be sent again. */
const waitingLimits = { commands: 32, bytes: 64 * 1024 * 1024 };
/** How long a token is remembered after its expiry, milliseconds: a clock set back by less does not make an old token new. */
const rememberedMs = 7 * 86_400_000;

/**
 * Receives commands. A valid command is written to the disk before `receive` ends, and executed once, see `CommandQueue`. After a
 * restart, waiting commands are executed and running ones are answered as `interrupted`.
 */
export class CommandReceiver implements AsyncDisposable {
  readonly #options: CommandReceiverOptions;
  readonly #refusals: RefusedCommands;
  readonly #queue: CommandQueue;
  readonly #failures: FailureLog;
  readonly #counts = { accepted: 0, repeated: 0 };

  constructor(options: CommandReceiverOptions) {
    this.#options = options;
    this.#refusals = new RefusedCommands(options);
    this.#queue = new CommandQueue(options);
    this.#failures = new FailureLog('a command could not be received', options);
  }

  get counts(): CommandCounts {
    return {
      ...this.#counts,
      executed: this.#queue.executedCount,
      waiting: this.#options.memory.waitingCount(),
      refused: this.#refusals.counts,
    };
  }

  /** Begins to execute commands. Before, they are only received. */
  start(handlers: CommandHandlers): void {
    this.#queue.start(handlers);
  }

  /**
   * Receives a token from the topic of the command `topicName`. Never rejects; an accepted command is on the disk then.
   * `isRetained`: the broker had stored the message and delivers it to every new subscriber.
   */
  async receive(topicName: string, token: Uint8Array, isRetained = false): Promise<void> {
    const { audience, keys, clock } = this.#options;
    try {
      const found = await verifyCommand(topicName, token, { audience, keys, nowMs: clock.wallMs() });
      if (isRetained) this.#refusals.refuse(topicName, asRetained(found));
      else if (found.outcome === 'refused') this.#refusals.refuse(topicName, found);
      else this.#accept(found);
    } catch (error) {
      // Mostly a full disk. There is no answer, so the centre sends the same token again.
      this.#failures.failed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refusals[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #accept(command: VerifiedCommand): void {
    const { memory, clock } = this.#options;
    memory.forget(clock.wallMs() - rememberedMs);
    const claimsHash = createHash('sha256').update(command.claimsText).digest();
    const { issuerId, commandId, keyId, name, issuedAtMs, expiresAtMs } = command;
    const text = JSON.stringify(command.arguments);
    const acceptance = memory.accept(
      { issuerId, commandId, keyId, name, issuedAtMs, expiresAtMs, claimsHash, arguments: text },
      waitingLimits,
    );
    switch (acceptance.outcome) {
      case 'accepted':
        this.#counts.accepted += 1;
        this.#queue.pump();
        break;
      case 'under-way':
        this.#again(command, undefined);
        break;
      case 'answered':
        this.#again(command, answerOf(command, acceptance.reply));
        break;
      case 'id-taken':
        this.#refuse(command, 'replayed');
        break;
      case 'too-old':
        this.#refuse(command, 'expired');
        break;
      case 'memory-lost':
        this.#refuse(command, 'memory-lost');
        break;
      case 'full':
        this.#refuse(command, 'busy');
        break;
    }
  }

  #refuse({ name, commandId, issuerId }: VerifiedCommand, code: RefusalCode): void {
    const message = refusalMessage(code);
    this.#refusals.refuse(name, { outcome: 'refused', code, message, commandId, issuerId });
  }

  #again(command: VerifiedCommand, answer: Answer | undefined): void {
    if (this.#refusals.cameAgain(command, answer) === 'repeated') this.#counts.repeated += 1;
  }
}

/** The kept answer, or a hint for an answer that was too long to keep. */
function answerOf({ name, commandId }: VerifiedCommand, reply: string | undefined): Answer {
  if (reply !== undefined) return JSON.parse(reply) as Answer;
  const message =
    'the command was executed before; its answer was too long to keep, so request the events again';
  return { commandId, command: name, outcome: 'refused', code: 'replayed', message };
}

/** A retained command is always refused: it is unknown when it was sent, and it comes again on every connection. */
function asRetained({ commandId, issuerId }: VerifiedCommand | CommandRefusal): CommandRefusal {
  const message = refusalMessage('retained');
  return { outcome: 'refused', code: 'retained', message, ...present({ commandId, issuerId }) };
}
