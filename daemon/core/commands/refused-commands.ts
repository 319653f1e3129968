import { isCommandName } from '../../contract/events/command-schema.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import type { BoxNotice } from '../../kernel/events/notice.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { TokenBucket } from '../../kernel/token-bucket.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { AnswerLimits, type ProvenCommand } from './answer-limits.js';
import type { CommandMemory } from './command-memory.js';
import type { CommandRefusal, RefusalCode } from './command-refusal.js';
import { type Answer, type RecordEvent, replyNotice } from './command-replies.js';
import { FailureLog } from './failure-log.js';

/** The condition `commands-refused` as the newest event about it published it; survives restarts. */
export interface RefusalAlarm {
  /** The published codes; undefined while the condition is not active. */
  codes(): readonly string[] | undefined;
}

export interface RefusedCommandsOptions {
  readonly record: RecordEvent;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly alarm: RefusalAlarm;
  readonly memory: Pick<CommandMemory, 'knows'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Refusals within `alarmWindowMs` that cause the alarm: more than a centre with a wrong clock causes. */
export const refusalsToAlarm = 10;
export const alarmWindowMs = 10 * 60_000;

/** Limit for entries of the audit log and lines of the log. */
const traces = { most: 20, everyMs: 60_000 };

/** The sender of a command without a proven issuer. */
const unprovenSender: Actor = { actor: 'unknown', origin: 'mqtt' };

/**
 * Handles refused and repeated commands. All are counted. They are also answered, audited and reported as a condition, but never
 * so often that their sender could fill log, outbox or disk. A failure, mostly a full disk, is logged and not tried again; no
 * method throws.
 */
export class RefusedCommands implements Disposable {
  readonly #options: RefusedCommandsOptions;
  readonly #limits: AnswerLimits;
  readonly #traces: TokenBucket;
  readonly #counts = new Map<RefusalCode, number>();
  readonly #failures: FailureLog;
  /** Refusals that no published condition covers yet. */
  #recent: { readonly code: RefusalCode; readonly atMs: number }[] = [];
  #calmTimer: Timer | undefined;
  #hasEnded = false;

  constructor(options: RefusedCommandsOptions) {
    const { clock, alarm } = options;
    this.#options = options;
    this.#failures = new FailureLog('a refused command could not be recorded', options);
    this.#limits = new AnswerLimits(clock);
    this.#traces = new TokenBucket(clock, traces);
    if (alarm.codes() !== undefined) this.#waitForCalm();
  }

  /** Since the start, by code. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  refuse(topicName: string, refusal: CommandRefusal): void {
    const command = isCommandName(topicName) ? topicName : 'unknown';
    this.#note(command, refusal);
    this.#attempt(() => this.#answer(command, refusal));
  }

  /**
   * An accepted command came again. Its `answer`, where it has one, is published again unless that happens too often.
   * Returns `replayed` where it came more often than an honest centre sends it; it is then noted like a refused command.
   */
  cameAgain(
    command: ProvenCommand & { readonly name: string },
    answer: Answer | undefined,
  ): 'repeated' | 'replayed' {
    const { clock, record } = this.#options;
    const { name, issuerId } = command;
    const isReplay = this.#limits.isReplay(command);
    if (isReplay) this.#note(name, { code: 'replayed', issuerId });
    this.#attempt(() => {
      if (answer !== undefined && this.#limits.mayRepeat(command)) record(replyNotice(answer, clock));
    });
    return isReplay ? 'replayed' : 'repeated';
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#calmTimer?.cancel();
  }

  #note(command: string, refusal: Pick<CommandRefusal, 'code' | 'issuerId'>): void {
    const { code } = refusal;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#attempt(() => this.#trace(command, refusal));
    // A busy box is no sign of an attack.
    if (code !== 'busy') this.#attempt(() => this.#watch(code));
  }

  /** A failed step does not prevent the other steps of the same refusal. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#failures.failed(error);
    }
  }

  #answer(command: string, { commandId, issuerId, code, message }: CommandRefusal): void {
    if (commandId === undefined) return;
    const { clock, memory, record } = this.#options;
    if (issuerId === undefined && !this.#limits.mayAnswerUnproven()) return;
    // A copied command or id must not make the centre believe that its command was refused. This check comes before the
    // limits, so that copies do not use up the allowance of the issuer.
    if (code !== 'replayed' && memory.knows(commandId)) return;
    if (issuerId !== undefined && !this.#limits.mayRefuse({ issuerId, commandId })) return;
    record(replyNotice({ commandId, command, outcome: 'refused', code, message }, clock));
  }

  #trace(command: string, { code, issuerId }: Pick<CommandRefusal, 'code' | 'issuerId'>): void {
    if (!this.#traces.take()) return;
    const { audit, logger } = this.#options;
    const notTraced = this.#traces.takeRefused();
    const about = { command, code, ...present({ notTraced: notTraced || undefined }) };
    const by = issuerId === undefined ? unprovenSender : { actor: `issuer:${issuerId}`, origin: 'mqtt' };
    logger.warn('a command was refused', { ...about, ...present({ issuer: issuerId }) });
    audit({ by, action: 'command.refused', details: about });
  }

  #watch(code: RefusalCode): void {
    const { clock, alarm } = this.#options;
    const published = alarm.codes();
    if (published !== undefined) this.#waitForCalm();
    if (published?.includes(code) === true) return;
    const atMs = clock.monotonicMs();
    this.#recent = [...this.#recent, { code, atMs }].slice(-refusalsToAlarm);
    const [first] = this.#recent;
    if (first === undefined || this.#recent.length < refusalsToAlarm) return;
    if (atMs - first.atMs > alarmWindowMs) return;
    const about = [...new Set([...(published ?? []), ...this.#recent.map((each) => each.code)])].sort();
    const change = published === undefined ? undefined : ('worsened' as const);
    this.#recordCondition({ isActive: true, ...present({ change }), about });
    this.#recent = [];
    this.#waitForCalm();
  }

  #waitForCalm(): void {
    this.#calmTimer?.cancel();
    if (this.#hasEnded) return;
    this.#calmTimer = this.#options.clock.after(alarmWindowMs, () => {
      this.#recent = [];
      try {
        this.#recordCondition({ isActive: false });
      } catch (error) {
        this.#options.logger.error('the end of the condition commands-refused could not be recorded', {
          error,
        });
        this.#waitForCalm();
      }
    });
  }

  #recordCondition(state: Pick<BoxNotice, 'isActive' | 'change' | 'about'>): void {
    const { record, clock } = this.#options;
    const refused = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const about = { occurredAtMs: clock.wallMs(), details: { refusedSinceStart: refused } };
    record({ kind: 'box', condition: 'commands-refused', ...state, ...about });
  }
}
