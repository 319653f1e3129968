import { createHash } from 'node:crypto';
import type { CommandHandlers } from './command-handlers.js';
import { CommandQueue, type CommandQueueOptions } from './command-queue.js';
import type { Answer } from './command-replies.js';
import { FailureLog } from './failure-log.js';
import { type Refusal, type RefusalCode, refusalMessage } from './refusal.js';
import { type RefusalAlarm, Refusals } from './refusals.js';
import { type VerifiedCommand, verifyCommand } from './verify-command.js';

export interface CommandDeskOptions extends CommandQueueOptions {
  /** `<site>/<box>`. */
  readonly audience: string;
  readonly alarm: RefusalAlarm;
}

/** Since the start. */
export interface CommandCounts {
  readonly accepted: number;
  readonly executed: number;
  /** Tokens that came again, and were not executed again; what comes more than twice is among `refused`, as `replayed`. */
  readonly repeated: number;
  readonly waiting: number;
  /** By code. */
  readonly refused: Readonly<Record<string, number>>;
}

/** What may wait at once: the rest is refused as `busy`, and can be sent again. */
const waitingLimits = { commands: 32, bytes: 64 * 1024 * 1024 };
/**
 * How long a token is remembered after its end, milliseconds: a clock that is set back by less does not make the box take
 * anything for new.
 */
const rememberedMs = 7 * 86_400_000;

/**
 * Takes commands in: whatever is in order is written down before `receive` ends, and executed once, see `CommandQueue`. What
 * waits is executed after a restart, what was under way is answered as `interrupted`.
 */
export class CommandDesk implements AsyncDisposable {
  readonly #options: CommandDeskOptions;
  readonly #refusals: Refusals;
  readonly #queue: CommandQueue;
  readonly #failures: FailureLog;
  readonly #counts = { accepted: 0, repeated: 0 };

  constructor(options: CommandDeskOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options);
    this.#queue = new CommandQueue(options);
    this.#failures = new FailureLog('a command could not be taken', options);
  }

  get counts(): CommandCounts {
    return {
      ...this.#counts,
      executed: this.#queue.executedCount,
      waiting: this.#options.memory.waitingCount(),
      refused: this.#refusals.counts,
    };
  }

  /** Begins to execute. Until then commands are only taken in. */
  start(handlers: CommandHandlers): void {
    this.#queue.start(handlers);
  }

  /**
   * Takes a token that came on the topic of `topicName`. Never rejects; what it accepted is on the disk then. `isRetained`:
   * the broker had stored it, and brings it to whoever subscribes, whenever that is.
   */
  async receive(topicName: string, token: Uint8Array, isRetained = false): Promise<void> {
    const { audience, keys, clock } = this.#options;
    try {
      const found = await verifyCommand(topicName, token, { audience, keys, nowMs: clock.wallMs() });
      if (isRetained) this.#refusals.refuse(topicName, asRetained(found));
      else if (found.outcome === 'refused') this.#refusals.refuse(topicName, found);
      else this.#accept(found);
    } catch (error) {
      // A full disk, mostly. Nobody is answered; the centre sends the same token again.
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

/** The answer as it was kept, or where to find one that was too long for that. */
function answerOf({ name, commandId }: VerifiedCommand, reply: string | undefined): Answer {
  if (reply !== undefined) return JSON.parse(reply) as Answer;
  const message = 'it was executed before, and its long answer is among the events: ask for them again';
  return { commandId, command: name, outcome: 'refused', code: 'replayed', message };
}

/** Whatever else there is to say of it: nobody knows when it was sent, and it comes again at every connection. */
function asRetained({ commandId, issuerId }: VerifiedCommand | Refusal): Refusal {
  const about = {
    ...(commandId === undefined ? {} : { commandId }),
    ...(issuerId === undefined ? {} : { issuerId }),
  };
  return { outcome: 'refused', code: 'retained', message: refusalMessage('retained'), ...about };
}
