import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Handlers } from '../../contract/handlers.js';
import type {
  RetentionStatus,
  RetentionSummary,
  retentionOperations,
  RetentionReport as ShownReport,
} from '../../contract/retention.js';
import type { RetentionConfig } from '../../contract/settings/schema.js';
import { localDate } from '../../host/local-date.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { type Actor, actorOf, retentionRun } from '../../kernel/actor.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import {
  type ClockDoubt,
  doubtOf,
  dueBeforeMs,
  type RetentionReport,
  retentionKinds,
} from '../../kernel/retention/retention-rules.js';
import { said } from '../../kernel/said.js';
import { failure, refusal } from '../../words/errors.js';
import { inEnglish } from '../../words/language.js';
import type { AuditLog } from '../audit/audit-log.js';
import { type AgeingKinds, failureOf, runRetention } from './retention-run.js';

/** How often to check whether the daily run is due. Also the delay of the first run after a start. */
export const lookEveryMs = 5 * 60_000;
const hourMs = 3_600_000;
/** The program did not exist before this. A box without a clock starts earlier, until it gets the time from the network. */
const earliestMs = Date.UTC(2026, 0, 1);

/** Name of retention's row in the table `job`. */
const JOB_NAME = 'retention';

export interface RetentionOptions {
  readonly kinds: (by: Actor) => AgeingKinds;
  readonly rules: () => RetentionConfig;
  /** The time zone of the site. */
  readonly timeZone: string;
  /** When the newest record was written; undefined without records. */
  readonly newestRecordMs: () => number | undefined;
  readonly emptyLogs: () => boolean;
  readonly audit: AuditLog;
  /** The gallery database, which remembers the last run. Undefined while its file is not open. */
  readonly database: () => OpenDatabase | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The operations on retention. */
export function retentionHandlers(retention: Retention): Handlers<typeof retentionOperations> {
  return {
    'retention.show': () => retention.show(),
    'retention.run': (input, { caller }) => retention.run(input, actorOf(caller)),
  };
}

/** Deletes what is due, once a day and on request. */
export class Retention implements AsyncDisposable {
  readonly #options: RetentionOptions;
  readonly #abort = new AbortController();
  #job: RetentionJob | undefined;
  /** Monotonic time when this process last trusted the clock, or started. */
  #trustedAtMs: number;
  #timer: Timer | undefined;
  #running: Promise<RetentionReport> | undefined;
  #doubtReportedOn: string | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#job = this.#noted();
    this.#trustedAtMs = options.clock.monotonicMs();
  }

  /** Starts to check whether the daily run is due. */
  start(): this {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(lookEveryMs, () => void this.#check());
    return this;
  }

  get summary(): RetentionSummary {
    const doubt = this.#doubt();
    const lastRun = this.#job?.lastRun;
    return {
      failures: lastRun?.failures.length ?? 0,
      ...present({
        lastRunAt: lastRun && isoTime(lastRun.startedAtMs),
        clockDoubt: doubt && explain(doubt),
      }),
    };
  }

  /** False while the clock is in doubt or shows a time before the program existed. */
  get isClockTrusted(): boolean {
    return this.#options.clock.wallMs() >= earliestMs && this.#doubt() === undefined;
  }

  /** Counts due items with turns of the event loop: it takes longer the more there are. */
  async show(): Promise<RetentionStatus> {
    const { clock, kinds, rules } = this.#options;
    const nowMs = clock.wallMs();
    const current = rules();
    const ageing = kinds(retentionRun);
    const shownRules: RetentionStatus['rules'][number][] = [];
    for (const kind of retentionKinds) {
      const beforeMs = dueBeforeMs(current[kind], nowMs);
      const due = beforeMs === undefined ? 0 : ageing[kind].countDue(beforeMs);
      shownRules.push({ kind, keep: current[kind], due });
      if (beforeMs !== undefined) await nextTurn();
    }
    const doubt = this.#doubt();
    return {
      rules: shownRules,
      atHour: current.atHour,
      isRunning: this.#running !== undefined,
      ...present({
        clockDoubt: doubt && explain(doubt),
        lastRun: this.#job?.lastRun && shown(this.#job.lastRun),
      }),
    };
  }

  /**
   * Deletes due items now. `isClockConfirmed`: the caller confirms that the clock of the box is right.
   * @throws `retention-running`, `clock-doubtful`
   */
  async run({ isClockConfirmed }: { readonly isClockConfirmed: boolean }, by: Actor): Promise<ShownReport> {
    if (this.#running !== undefined) {
      throw refusal('retention-running');
    }
    const doubt = this.#doubt();
    if (doubt !== undefined && !isClockConfirmed) {
      const { code: reason, days } = doubt;
      throw failure(`clock-doubtful:${reason}`, { days }, { details: { reason } });
    }
    return shown(await this.#run(by));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(failure('shutting-down:daemon'));
    await Promise.allSettled([this.#running]);
  }

  async #check(): Promise<void> {
    const { logger } = this.#options;
    try {
      this.#catchUp();
      if (this.#running === undefined && this.#isDue()) await this.#runUnlessDoubtful();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      logger.error('the daily retention run failed', { error });
    }
    if (!this.#abort.signal.aborted) this.start();
  }

  async #runUnlessDoubtful(): Promise<void> {
    const { audit, logger } = this.#options;
    const doubt = this.#doubt();
    if (doubt === undefined) return void (await this.#run(retentionRun));
    const today = this.#dayOf(this.#options.clock.wallMs());
    if (this.#doubtReportedOn === today) return;
    this.#doubtReportedOn = today;
    logger.error('nothing is deleted because the clock cannot be trusted', {
      ...explain(doubt),
      days: doubt.days,
    });
    const details = { outcome: 'refused', reason: doubt.code, days: doubt.days };
    audit.append({ by: retentionRun, action: 'retention.run', details });
  }

  /** After a restore the gallery database may hold an older run, or none. */
  #catchUp(): void {
    const noted = this.#noted();
    this.#job ??= noted;
    if (this.#job !== undefined && noted?.seenAtMs !== this.#job.seenAtMs) this.#remember(this.#job);
  }

  #noted(): RetentionJob | undefined {
    const database = this.#options.database();
    return database === undefined ? undefined : readRetentionJob(database);
  }

  /** True if the hour of the run has passed since the clock was last trusted. The first start only starts the count. */
  #isDue(): boolean {
    const { clock } = this.#options;
    const nowMs = clock.wallMs();
    if (this.#job !== undefined) return this.#dayOf(nowMs) !== this.#dayOf(this.#job.seenAtMs);
    if (nowMs >= earliestMs) this.#remember({ seenAtMs: nowMs });
    return false;
  }

  /** The date at the site, with days that begin at the hour of the run. */
  #dayOf(wallMs: number): string {
    const { rules, timeZone } = this.#options;
    return localDate(wallMs - rules().atHour * hourMs, timeZone);
  }

  #doubt(): ClockDoubt | undefined {
    const { clock, newestRecordMs } = this.#options;
    const nowMs = clock.wallMs();
    return doubtOf({
      nowMs,
      seenMs: this.#job?.seenAtMs ?? nowMs,
      upMs: clock.monotonicMs() - this.#trustedAtMs,
      newestRecordMs: newestRecordMs(),
    });
  }

  async #run(by: Actor): Promise<RetentionReport> {
    const { kinds, rules, emptyLogs, clock, logger } = this.#options;
    const signal = this.#abort.signal;
    const { atHour: _, ...current } = rules();
    const running = runRetention({ kinds: kinds(by), rules: current, by, emptyLogs, clock, logger, signal });
    this.#running = running;
    try {
      return this.#report(await running, by);
    } finally {
      this.#running = undefined;
    }
  }

  #report(ran: RetentionReport, by: Actor): RetentionReport {
    const { audit, clock, logger } = this.#options;
    let report = ran;
    try {
      const { forgotten, failures, durationMs } = ran;
      const details = { ...forgotten, failed: failures.length, tookMs: durationMs };
      audit.append({ by, action: 'retention.run', details });
    } catch (error) {
      report = { ...ran, failures: [...ran.failures, failureOf('report', error, logger)] };
    }
    this.#trustedAtMs = clock.monotonicMs();
    this.#remember({ seenAtMs: clock.wallMs(), lastRun: report });
    const { failures, ...fields } = report;
    if (failures.length === 0) logger.info('retention deleted what was due', fields);
    else logger.error('retention could not delete everything that was due', { ...fields, failures });
    return report;
  }

  /** Remembers in memory first, so that a full disk does not repeat the run before tomorrow. */
  #remember(job: RetentionJob): void {
    this.#job = job;
    const database = this.#options.database();
    if (database === undefined) return;
    try {
      writeRetentionJob(database, job);
    } catch (error) {
      this.#options.logger.error('the retention run could not be stored', { error });
    }
  }
}

function explain({ code, days }: ClockDoubt): NonNullable<RetentionStatus['clockDoubt']> {
  const message = said(`errors/clock-doubtful:${code}`, { days });
  return { code, ...inEnglish({ message, remedy: said('errors/remedy-clock-doubtful') }) };
}

function shown({ startedAtMs, ...report }: RetentionReport): ShownReport {
  return { ...report, startedAt: isoTime(startedAtMs) };
}

interface RetentionJob {
  /** The latest time at which the clock was trusted (last run or first start), wall clock in milliseconds. */
  readonly seenAtMs: number;
  /** Absent before the first run. */
  readonly lastRun?: RetentionReport;
}

/** Undefined before the first start and if the row is damaged; retention then starts from the beginning. */
function readRetentionJob({ db }: OpenDatabase): RetentionJob | undefined {
  const state = db.prepare<[string], string>('SELECT state FROM job WHERE name = ?').pluck().get(JOB_NAME);
  if (state === undefined) return undefined;
  try {
    const job = JSON.parse(state) as Partial<RetentionJob> | null;
    const seenAtMs = job?.seenAtMs;
    return typeof seenAtMs === 'number' && Number.isFinite(seenAtMs) ? { ...job, seenAtMs } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function writeRetentionJob(database: OpenDatabase, job: RetentionJob): void {
  const write = database.db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)');
  database.transaction(() => void write.run(JOB_NAME, JSON.stringify(job)));
}
