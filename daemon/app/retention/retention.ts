import { type Actor, retentionRun } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock, Timer } from '../../base/clock.js';
import { counted } from '../../base/counted.js';
import { badInput, operational } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { RetentionConfig } from '../../config/schema.js';
import type {
  RetentionControl,
  RetentionStatus,
  RetentionSummary,
  ShownRetentionReport,
} from '../../control/retention-control.js';
import { isoTime } from '../../domain/iso-time.js';
import { dueBeforeMs, retentionKinds } from '../../domain/retention/retention.js';
import { type ClockDoubt, doubtOf } from '../../domain/retention/retention-clock.js';
import type { RetentionReport } from '../../domain/retention/retention-report.js';
import {
  type RetentionJob,
  readRetentionJob,
  writeRetentionJob,
} from '../../gallery/retention/retention-job.js';
import { localDate } from '../../host/local-date.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { type AgeingKinds, failureOf, runRetention } from './retention-run.js';

/** How often it is asked whether the daily run is due; also how long after its start a box that was off begins. */
export const lookEveryMs = 5 * 60_000;
const hourMs = 3_600_000;
/** Before this the program did not exist: a box without a clock of its own begins so, until it has asked for the time. */
export const earliestMs = Date.UTC(2026, 0, 1);

export interface RetentionOptions {
  readonly kinds: (by: Actor) => AgeingKinds;
  readonly rules: () => RetentionConfig;
  /** Of the site. */
  readonly timeZone: string;
  /** When the newest record was written; undefined where there is none. */
  readonly newestRecordMs: () => number | undefined;
  readonly emptyLogs: () => boolean;
  readonly audit: AuditLog;
  /** Of the gallery, sealed or not: remembers the last run. Undefined while its file is not open. */
  readonly database: () => OpenDatabase | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Forgets once a day what is due, and when somebody asks for it. */
export class Retention implements RetentionControl, AsyncDisposable {
  readonly #options: RetentionOptions;
  readonly #abort = new AbortController();
  #job: RetentionJob | undefined;
  /** When this process last trusted the clock, or began to run; monotonic. */
  #trustedAtMs: number;
  #timer: Timer | undefined;
  #running: Promise<RetentionReport> | undefined;
  #doubtReportedOn: string | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#job = this.#noted();
    this.#trustedAtMs = options.clock.monotonicMs();
  }

  /** Begins to look whether the daily run is due. */
  start(): this {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(lookEveryMs, () => void this.#look());
    return this;
  }

  get summary(): RetentionSummary {
    const doubt = this.#doubt();
    const lastRun = this.#job?.lastRun;
    return {
      ...(lastRun === undefined ? {} : { lastRunAt: isoTime(lastRun.startedAtMs) }),
      failures: lastRun?.failures.length ?? 0,
      ...(doubt === undefined ? {} : { clockDoubt: explain(doubt) }),
    };
  }

  show(): RetentionStatus {
    const { clock, kinds, rules } = this.#options;
    const nowMs = clock.wallMs();
    const current = rules();
    const ageing = kinds(retentionRun);
    const doubt = this.#doubt();
    return {
      rules: retentionKinds.map((kind) => {
        const beforeMs = dueBeforeMs(current[kind], nowMs);
        return {
          kind,
          keep: current[kind],
          due: beforeMs === undefined ? 0 : ageing[kind].countDue(beforeMs),
        };
      }),
      atHour: current.atHour,
      isRunning: this.#running !== undefined,
      ...(doubt === undefined ? {} : { clockDoubt: explain(doubt) }),
      ...(this.#job?.lastRun === undefined ? {} : { lastRun: shown(this.#job.lastRun) }),
    };
  }

  async run(
    { isClockConfirmed }: { readonly isClockConfirmed: boolean },
    by: Actor,
  ): Promise<ShownRetentionReport> {
    if (this.#running !== undefined) {
      throw badInput('retention-running', 'a retention run is under way', {
        remedy: 'wait until it has ended: `rollcall retention show` shows the last run',
      });
    }
    const doubt = this.#doubt();
    if (doubt !== undefined && !isClockConfirmed) {
      const { code, message, remedy } = explain(doubt);
      throw operational('clock-doubtful', message, { remedy, details: { reason: code } });
    }
    return shown(await this.#run(by));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(operational('shutting-down', 'the daemon is stopping'));
    await Promise.allSettled([this.#running]);
  }

  async #look(): Promise<void> {
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
    logger.error('nothing is deleted: the clock cannot be trusted', { ...explain(doubt), days: doubt.days });
    const details = { outcome: 'refused', reason: doubt.code, days: doubt.days };
    audit.append({ by: retentionRun, action: 'retention.run', details });
  }

  /** A file that took the place of the gallery's, such as a backup, knows an older run or none. */
  #catchUp(): void {
    const noted = this.#noted();
    this.#job ??= noted;
    if (this.#job !== undefined && noted?.seenAtMs !== this.#job.seenAtMs) this.#remember(this.#job);
  }

  #noted(): RetentionJob | undefined {
    const database = this.#options.database();
    return database === undefined ? undefined : readRetentionJob(database);
  }

  /** Whether the hour has passed since the clock was last trusted. The first start only begins to count. */
  #isDue(): boolean {
    const { clock } = this.#options;
    const nowMs = clock.wallMs();
    if (this.#job !== undefined) return this.#dayOf(nowMs) !== this.#dayOf(this.#job.seenAtMs);
    if (nowMs >= earliestMs) this.#remember({ seenAtMs: nowMs });
    return false;
  }

  /** The date at the site, where a day begins at the hour of the run. */
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
    if (failures.length === 0) logger.info('retention has forgotten what was due', fields);
    else logger.error('retention could not forget everything that was due', { ...fields, failures });
    return report;
  }

  /** In memory first: where the disk is full, the next run is tomorrow all the same. */
  #remember(job: RetentionJob): void {
    this.#job = job;
    const database = this.#options.database();
    if (database === undefined) return;
    try {
      writeRetentionJob(database, job);
    } catch (error) {
      this.#options.logger.error('the last retention run could not be noted', { error });
    }
  }
}

function explain({ code, days }: ClockDoubt): NonNullable<RetentionStatus['clockDoubt']> {
  const remedy = 'Set the clock right, or run `rollcall retention run --yes` where it is right.';
  const message =
    code === 'clock-behind'
      ? `the clock stands ${counted(days, 'day')} before what was recorded last`
      : `${counted(days, 'day has', 'days have')} gone by since the clock was last seen, according to it`;
  return { code, message, remedy };
}

function shown({ startedAtMs, ...report }: RetentionReport): ShownRetentionReport {
  return { ...report, startedAt: isoTime(startedAtMs) };
}
