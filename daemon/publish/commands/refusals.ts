import type { Actor } from '../../audit/actor.js';
import type { NewAuditEntry } from '../../audit/audit-entry.js';
import { Allowance } from '../../base/allowance.js';
import type { Clock, Timer } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { BoxNotice } from '../../domain/events/notice.js';
import type { CommandMemory } from '../../records/commands/command-memory.js';
import { isCommandName } from '../contract/command-schema.js';
import { AnswerLimits, type ProvenCommand } from './answer-limits.js';
import { type Answer, type RecordEvent, replyNotice } from './command-replies.js';
import { FailureLog } from './failure-log.js';
import type { Refusal, RefusalCode } from './refusal.js';

/** What the box has said of commands that are refused again and again, by its newest event about it; survives restarts. */
export interface RefusalAlarm {
  /** Undefined while nothing is said to be the matter. */
  codes(): readonly string[] | undefined;
}

export interface RefusalsOptions {
  readonly record: RecordEvent;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly alarm: RefusalAlarm;
  readonly memory: Pick<CommandMemory, 'knows'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** So many within `alarmWindowMs` are more than a centre whose clock is wrong; so many of other codes are worse. */
export const refusalsToAlarm = 10;
export const alarmWindowMs = 10 * 60_000;

/** Entries of the audit log and lines of the log. */
const traces = { most: 20, everyMs: 60_000 };

/** Whoever sent what was not proven to be anybody's. */
const stranger: Actor = { actor: 'unknown', origin: 'mqtt' };

/**
 * What becomes of commands that are refused or come again: all are counted; they are answered, written into the audit log
 * and said to be refused again and again, but never so often that their sender could fill log, outbox or disk. What of it
 * fails, on a full disk mostly, is said in the log and not tried again; nothing here throws.
 */
export class Refusals implements Disposable {
  readonly #options: RefusalsOptions;
  readonly #limits: AnswerLimits;
  readonly #traces: Allowance;
  readonly #counts = new Map<RefusalCode, number>();
  readonly #failures: FailureLog;
  /** Those that nothing was said of. */
  #recent: { readonly code: RefusalCode; readonly atMs: number }[] = [];
  #calm: Timer | undefined;
  #hasEnded = false;

  constructor(options: RefusalsOptions) {
    const { clock, alarm } = options;
    this.#options = options;
    this.#failures = new FailureLog('a refused command could not be written down', options);
    this.#limits = new AnswerLimits(clock);
    this.#traces = new Allowance(clock, traces);
    if (alarm.codes() !== undefined) this.#waitForCalm();
  }

  /** Since the start, by code. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  refuse(topicName: string, refusal: Refusal): void {
    const command = isCommandName(topicName) ? topicName : 'unknown';
    this.#note(command, refusal);
    this.#attempt(() => this.#answer(command, refusal));
  }

  /**
   * An accepted command came again: its `answer`, where it has one, is given again to the issuer who had it before, unless
   * that is too often. `replayed`: it came more often than an honest centre sends it, and is noted like what is refused.
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
    this.#calm?.cancel();
  }

  #note(command: string, refusal: Pick<Refusal, 'code' | 'issuerId'>): void {
    const { code } = refusal;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#attempt(() => this.#trace(command, refusal));
    // Being busy is no sign of anything bad.
    if (code !== 'busy') this.#attempt(() => this.#watch(code));
  }

  /** What fails keeps nothing else of the same refusal from being done. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#failures.failed(error);
    }
  }

  #answer(command: string, { commandId, issuerId, code, message }: Refusal): void {
    if (commandId === undefined) return;
    const { clock, memory, record } = this.#options;
    if (issuerId === undefined && !this.#limits.mayAnswerStranger()) return;
    // Whoever copied a centre's command, or its id, must not make the centre believe that it was refused. Asked first, so
    // that a copy uses up nothing of what the issuer may be answered.
    if (code !== 'replayed' && memory.knows(commandId)) return;
    if (issuerId !== undefined && !this.#limits.mayRefuse({ issuerId, commandId })) return;
    record(replyNotice({ commandId, command, outcome: 'refused', code, message }, clock));
  }

  #trace(command: string, { code, issuerId }: Pick<Refusal, 'code' | 'issuerId'>): void {
    if (!this.#traces.take()) return;
    const { audit, logger } = this.#options;
    const notTraced = this.#traces.takeRefused();
    const about = { command, code, ...(notTraced === 0 ? {} : { notTraced }) };
    const by = issuerId === undefined ? stranger : { actor: `issuer:${issuerId}`, origin: 'mqtt' };
    logger.warn('a command was refused', issuerId === undefined ? about : { ...about, issuer: issuerId });
    audit({ by, action: 'command.refused', details: about });
  }

  #watch(code: RefusalCode): void {
    const { clock, alarm } = this.#options;
    const said = alarm.codes();
    if (said !== undefined) this.#waitForCalm();
    if (said?.includes(code) === true) return;
    const atMs = clock.monotonicMs();
    this.#recent = [...this.#recent, { code, atMs }].slice(-refusalsToAlarm);
    const [first] = this.#recent;
    if (first === undefined || this.#recent.length < refusalsToAlarm) return;
    if (atMs - first.atMs > alarmWindowMs) return;
    const about = [...new Set([...(said ?? []), ...this.#recent.map((each) => each.code)])].sort();
    this.#say({ isActive: true, ...(said === undefined ? {} : { change: 'worsened' }), about });
    this.#recent = [];
    this.#waitForCalm();
  }

  #waitForCalm(): void {
    this.#calm?.cancel();
    if (this.#hasEnded) return;
    this.#calm = this.#options.clock.after(alarmWindowMs, () => {
      this.#recent = [];
      try {
        this.#say({ isActive: false });
      } catch (error) {
        this.#options.logger.error('the end of the refused commands could not be recorded', { error });
        this.#waitForCalm();
      }
    });
  }

  #say(state: Pick<BoxNotice, 'isActive' | 'change' | 'about'>): void {
    const { record, clock } = this.#options;
    const refused = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const about = { occurredAtMs: clock.wallMs(), details: { refusedSinceStart: refused } };
    record({ kind: 'box', condition: 'commands-refused', ...state, ...about });
  }
}
