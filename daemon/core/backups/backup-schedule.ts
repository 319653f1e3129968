import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BackupStatus } from '../../contract/backups.js';
import type { Config } from '../../contract/settings/schema.js';
import type { Actor } from '../../kernel/actor.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { Recurring } from '../../kernel/recurring.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { SourceStates } from '../records/source-states.js';
import type { BackupRequest } from './gallery-backups.js';

export interface BackupScheduleOptions {
  readonly current: () => Pick<Config, 'backups' | 'dataDir'>;
  readonly backups: { create(request: BackupRequest, actor: Actor): Promise<unknown> };
  readonly identity: BoxIds;
  readonly states: SourceStates;
  readonly conditions: ConditionPort;
  readonly localTime: LocalTime;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkScheduleEveryMs = 60_000;
/** Until the next attempt after one that failed. */
export const retryAfterMs = 30 * 60_000;
/** A backup is overdue when the newest one is older than a day and this. */
const graceMs = 2 * 3_600_000;
const dayMs = 86_400_000;

const scheduled: Actor = { actor: 'backups', origin: 'schedule' };
const source = 'scheduled-backup';

/** What the records keep of scheduled backups. */
interface Progress {
  /** The local date of the last backup that was due and made. */
  readonly date?: string;
  readonly madeAtMs?: number;
  readonly file?: string;
  readonly sizeBytes?: number;
  /** When the schedule was first seen. */
  readonly sinceMs: number;
  readonly failure?: { readonly code: string; readonly atMs: number };
}

/**
 * Makes a backup each day and keeps the newest ones. A backup that was missed, because the box was off, is made as soon as it runs. One
 * that fails is tried again every half hour, and is reported by the condition `backup-overdue` until one succeeds.
 */
export class BackupSchedule implements AsyncDisposable {
  readonly #options: BackupScheduleOptions;
  readonly #checks: Recurring;
  #triedAtMs: number | undefined;

  constructor(options: BackupScheduleOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#checks = new Recurring({
      clock,
      everyMs: checkScheduleEveryMs,
      work: () => this.#check(),
      onFailure: (error) => logger.error('scheduled backups cannot be checked; retrying', { error }),
    });
  }

  start(): this {
    this.#checks.start();
    return this;
  }

  /** Undefined while no backups are scheduled. */
  status(): BackupStatus['schedule'] {
    const { schedule: at, keep, directory } = this.#options.current().backups;
    if (at === undefined) return undefined;
    const { madeAtMs, file, failure } = this.#progress() ?? {};
    return {
      ...{ at, keep, directory },
      ...present({
        lastAt: madeAtMs === undefined ? undefined : isoTime(madeAtMs),
        lastFile: file,
        failure: failure && { code: failure.code, at: isoTime(failure.atMs) },
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#checks[Symbol.asyncDispose]();
  }

  async #check(): Promise<void> {
    const { current, states, conditions, localTime, clock } = this.#options;
    const { schedule } = current().backups;
    if (schedule === undefined) {
      conditions.end('backup-overdue');
      if (states.of(source) !== undefined) states.forget(source);
      return;
    }
    const nowMs = clock.wallMs();
    const progress = this.#progress() ?? { sinceMs: nowMs };
    if (this.#progress() === undefined) this.#note(progress);
    const { date, secondOfDay } = localTime.at(nowMs);
    const isDue = secondOfDay >= secondOf(schedule) && progress.date !== date;
    if (isDue && this.#mayTry()) await this.#make(date, progress);
    const { madeAtMs, failure, sinceMs } = this.#progress() ?? progress;
    const isLate = nowMs - (madeAtMs ?? sinceMs) > dayMs + graceMs;
    if (failure === undefined && !isLate) conditions.end('backup-overdue');
    else conditions.begin('backup-overdue', { code: failure?.code ?? 'late' });
  }

  #mayTry(): boolean {
    const tried = this.#triedAtMs;
    return tried === undefined || this.#options.clock.monotonicMs() - tried >= retryAfterMs;
  }

  async #make(date: string, { failure: _, ...progress }: Progress): Promise<void> {
    const { current, backups, identity, clock, logger } = this.#options;
    const { directory } = current().backups;
    const nowMs = clock.wallMs();
    const file = join(directory, nameOf(identity, nowMs));
    try {
      // A folder of the owner must be there: where its disk is not mounted, the box must not fill its own.
      if (dirname(directory) === current().dataDir) await mkdir(directory, { recursive: true, mode: 0o700 });
      await backups.create({ path: file }, scheduled);
    } catch (error) {
      const code = isRollcallError(error) ? error.code : 'internal';
      // Another backup or restore is running, or the daemon ends: it is tried again soon.
      if (code === 'backup-busy' || code === 'shutting-down') return;
      this.#triedAtMs = clock.monotonicMs();
      logger.error('the scheduled backup failed; the box tries again in half an hour', {
        code,
        reason: messageOf(error),
      });
      this.#note({ ...progress, failure: { code, atMs: nowMs } });
      return;
    }
    this.#triedAtMs = undefined;
    const { size: sizeBytes } = await lstat(file);
    this.#note({ ...progress, date, madeAtMs: nowMs, file, sizeBytes });
    logger.info('the scheduled backup was made', { sizeBytes });
    await this.#rotate(directory, basename(file));
  }

  /** Deletes older backups of this box that the schedule made, and what is left of interrupted ones. Touches no other file. */
  async #rotate(directory: string, newest: string): Promise<void> {
    const { current, identity, logger } = this.#options;
    const own = nameForm(identity);
    try {
      const names = (await readdir(directory)).filter((name) => own.test(name));
      const whole = names.filter((name) => name.endsWith('.rcb') && name !== newest).sort();
      const surplus = whole.slice(0, Math.max(0, whole.length + 1 - current().backups.keep));
      const parts = names.filter((name) => name.endsWith('.part'));
      for (const name of [...surplus, ...parts]) await rm(join(directory, name), { force: true });
    } catch (error) {
      logger.warn('older backups could not be deleted; the next backup tries again', {
        reason: messageOf(error),
      });
    }
  }

  #progress(): Progress | undefined {
    const text = this.#options.states.of(source);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as Progress;
    } catch {
      // Somebody else wrote it.
      return undefined;
    }
  }

  #note(progress: Progress): void {
    this.#options.states.set(source, JSON.stringify(progress));
  }
}

/** Ids are slugs, so they are safe in a name and in a regular expression. */
const nameOf = ({ siteId, boxId }: BoxIds, nowMs: number): string =>
  `rollcall-${siteId}-${boxId}-${isoTime(nowMs).replaceAll(/[-:]|\.\d+/g, '')}.rcb`;

const nameForm = ({ siteId, boxId }: BoxIds): RegExp =>
  new RegExp(`^rollcall-${siteId}-${boxId}-\\d{8}T\\d{6}Z\\.rcb(?:\\.part)?$`);

function secondOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * 60;
}
