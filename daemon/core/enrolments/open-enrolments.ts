import type { Caller } from '../../contract/caller.js';
import type { GuidedEnrolment as EnrolmentState } from '../../contract/guided-enrolment.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { refusal } from '../../words/errors.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { noSuchEnrolment } from './guidance.js';
import { type About, GuidedEnrolment, type GuidedEnrolmentOptions } from './guided-enrolment.js';

/** Each keeps up to 9 pictures of at most 2 MiB in memory. */
const mostOpen = 8;
/** The most of one caller from the network, so that no account can take the places of all. */
const mostOfOne = 4;
/** One without a picture or a change for so long is forgotten. */
const silenceMs = 15 * 60_000;

export interface OpenEnrolmentsOptions extends GuidedEnrolmentOptions {
  readonly audit: { append(entry: NewAuditEntry): unknown };
  /** Limits the entries about links that are refused. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs' | 'after'>;
  readonly logger: Logger;
}

interface Open {
  readonly enrolment: GuidedEnrolment;
  endsAtMs: number;
  timer: Timer;
}

/** The guided enrolments of the box. They live in memory alone: a restart forgets them. */
export class OpenEnrolments implements Disposable {
  readonly #options: OpenEnrolmentsOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: OpenEnrolmentsOptions) {
    this.#options = options;
  }

  /** @throws `too-many-enrolments` */
  begin(by: Caller, about: About): GuidedEnrolment {
    this.#requireRoom(by);
    const enrolment = new GuidedEnrolment(by, about, this.#options);
    const { id } = enrolment;
    const isNew = about.kind === 'new';
    const subject = isNew ? id : about.personId;
    const details = { enrolment: id, isNew };
    this.#options.audit.append({ by: actorOf(by), action: 'enrolment.begun', subject, details });
    this.#open.set(id, { enrolment, ...this.#silence(id) });
    return enrolment;
  }

  /** Only who began an enrolment has it. @throws `no-such-enrolment` */
  of(id: string, { actor }: Pick<Caller, 'actor'>): GuidedEnrolment {
    const found = this.#open.get(id)?.enrolment;
    if (found === undefined || found.by.actor !== actor) throw noSuchEnrolment();
    return found;
  }

  allOf({ actor }: Pick<Caller, 'actor'>): readonly GuidedEnrolment[] {
    return [...this.#open.values()].map(({ enrolment }) => enrolment).filter(({ by }) => by.actor === actor);
  }

  show(enrolment: GuidedEnrolment): EnrolmentState {
    const open = this.#open.get(enrolment.id);
    if (open === undefined) throw noSuchEnrolment();
    return enrolment.show(open.endsAtMs);
  }

  /** Begins the time of silence anew. */
  touch({ id }: GuidedEnrolment): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    open.timer.cancel();
    Object.assign(open, this.#silence(id));
  }

  /** Opens a link on the phone of this caller. @throws `link-refused`, the same for every cause */
  openLink(secret: string, caller: Caller): { readonly key: string; readonly enrolment: GuidedEnrolment } {
    const all = [...this.#open.values()].map(({ enrolment }) => enrolment);
    const enrolment = all.find(({ link }) => link?.isOf(secret) === true);
    const key = enrolment?.finishedAs === undefined ? enrolment?.link?.open() : undefined;
    const by = actorOf(caller);
    if (enrolment === undefined || key === undefined) {
      const subject = enrolment?.id;
      this.#options.readings.note({
        ...{ by, action: 'enrolment.link-refused' },
        ...(subject !== undefined && { subject }),
      });
      throw linkRefused();
    }
    try {
      this.#options.audit.append({ by, action: 'enrolment.link-opened', subject: enrolment.id });
    } catch (error) {
      // What cannot be audited does not happen.
      enrolment.link?.cut();
      throw error;
    }
    this.touch(enrolment);
    return { key, enrolment };
  }

  /** The enrolment of the phone with this key. @throws `phone-ended` */
  ofPhone(key: string): GuidedEnrolment {
    const all = [...this.#open.values()].map(({ enrolment }) => enrolment);
    const found = all.find(({ link }) => link?.admits(key) === true);
    if (found !== undefined) return found;
    throw refusal('phone-ended');
  }

  /** False if it is over, or if the person is enrolled: then only silence ends it. */
  abandon(enrolment: GuidedEnrolment, reason: 'asked' | 'silence', by: Actor): boolean {
    const open = this.#open.get(enrolment.id);
    const isFinished = enrolment.finishedAs !== undefined;
    if (open === undefined || (isFinished && reason === 'asked')) return false;
    open.timer.cancel();
    this.#open.delete(enrolment.id);
    enrolment.end();
    if (!isFinished) {
      const details = { reason };
      this.#options.audit.append({ by, action: 'enrolment.abandoned', subject: enrolment.id, details });
    }
    return !isFinished;
  }

  [Symbol.dispose](): void {
    for (const { enrolment, timer } of this.#open.values()) {
      timer.cancel();
      enrolment.end();
    }
    this.#open.clear();
  }

  #requireRoom({ actor, isLimited }: Caller): void {
    const unfinished = [...this.#open.values()].filter(({ enrolment }) => enrolment.finishedAs === undefined);
    const own = unfinished.filter(({ enrolment }) => enrolment.by.actor === actor).length;
    const isOneTooMany = isLimited && own >= mostOfOne;
    if (unfinished.length < mostOpen && !isOneTooMany) return;
    const open = isOneTooMany ? `${own} of yours are open` : `${unfinished.length} are open`;
    throw refusal('too-many-enrolments', { open });
  }

  #silence(id: string): Pick<Open, 'endsAtMs' | 'timer'> {
    const { clock, logger } = this.#options;
    const timer = clock.after(silenceMs, () => {
      const open = this.#open.get(id);
      if (open === undefined) return;
      if (open.enrolment.isFinishing) {
        Object.assign(open, this.#silence(id));
        return;
      }
      try {
        this.abandon(open.enrolment, 'silence', actorOf(open.enrolment.by));
      } catch (error) {
        logger.warn('the end of a guided enrolment could not be audited', { reason: messageOf(error) });
      }
    });
    return { endsAtMs: clock.monotonicMs() + silenceMs, timer };
  }
}

/** The same for every cause: a guess tells nothing. */
function linkRefused() {
  return refusal('link-refused');
}
