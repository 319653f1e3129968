import type { Clock, Timer } from '../../kernel/clock.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { LoiteringNotice } from '../../kernel/events/notice.js';
import { type StrangerId, strangerId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { presentStay, type Stay, stayGapMs } from '../../kernel/strangers/stay.js';
import type { GalleryStrangers } from '../gallery/strangers/gallery-strangers.js';
import type { StoredEvent } from '../records/stored-event.js';

/** How often the strangers in sight are looked at, milliseconds. */
export const loiteringTickMs = 5_000;
/** The wall clock may be corrected by so much without a new beginning of all stays, milliseconds. */
const toleratedJumpMs = 30_000;

export interface LoiteringOptions {
  /** The book of strangers; undefined while the gallery is sealed. */
  readonly strangers: () => Pick<GalleryStrangers, 'seenSince'> | undefined;
  /** The passages that have not ended. */
  readonly openPassages: () => readonly Pick<Passage, 'id' | 'stranger'>[];
  /** The stays that were published before, so that a restart publishes none again. */
  readonly published: Iterable<{ readonly strangerId: StrangerId; readonly atMs: number }>;
  readonly record: (notice: LoiteringNotice) => void;
  readonly loiteringAfterS: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The stay that an event tells of; none if its content cannot be read. */
export function publishedStay({ payload, occurredAtMs }: Pick<StoredEvent, 'payload' | 'occurredAtMs'>) {
  try {
    const { data } = JSON.parse(new TextDecoder().decode(payload)) as { data: { stranger?: unknown } };
    return typeof data.stranger === 'string'
      ? [{ strangerId: strangerId(data.stranger), atMs: occurredAtMs }]
      : [];
  } catch {
    // A damaged event: at worst a stay is published twice.
    return [];
  }
}

/** Publishes once that a stranger has stayed in sight for long. */
export class Loitering implements Disposable {
  readonly #options: LoiteringOptions;
  /** When the last stay of a stranger was published, wall clock. */
  readonly #published: Map<StrangerId, number>;
  #clockOffsetMs: number;
  /** Stays count from here, because the clock jumped. Wall clock. */
  #countedFromMs = Number.NEGATIVE_INFINITY;
  /** Code of the last logged failure. */
  #loggedFailure: string | undefined;
  #timer: Timer | undefined;

  constructor(options: LoiteringOptions) {
    this.#options = options;
    this.#published = new Map([...options.published].map(({ strangerId, atMs }) => [strangerId, atMs]));
    this.#clockOffsetMs = options.clock.wallMs() - options.clock.monotonicMs();
  }

  start(): this {
    const tick = (): void => {
      this.#attempt();
      this.#timer = this.#options.clock.after(loiteringTickMs, tick);
    };
    tick();
    return this;
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  /** What could not be recorded is tried again at the next tick. */
  #attempt(): void {
    const { logger } = this.#options;
    try {
      this.#look();
      this.#loggedFailure = undefined;
    } catch (error) {
      const code = isRollcallError(error) ? error.code : 'unexpected';
      if (code !== this.#loggedFailure) {
        logger.error('an unknown person who stays cannot be recorded; the box tries again', {
          code,
          reason: messageOf(error),
        });
      }
      this.#loggedFailure = code;
    }
  }

  #look(): void {
    const { strangers, openPassages, clock } = this.#options;
    const nowMs = this.#now(clock);
    const passages = openPassages();
    const open = new Set(passages.map(({ id }) => id));
    const inSight = new Set(passages.flatMap(({ stranger }) => stranger?.id ?? []));
    const present = new Set<StrangerId>();
    for (const { id, state, appearances } of strangers()?.seenSince(nowMs - stayGapMs, inSight) ?? []) {
      if (state === 'ignored') continue;
      const stay = presentStay(appearances, (passageId) => open.has(passageId), nowMs);
      if (stay === undefined) continue;
      present.add(id);
      this.#judge(id, stay, nowMs);
    }
    for (const id of this.#published.keys()) if (!present.has(id)) this.#published.delete(id);
  }

  #judge(id: StrangerId, stay: Stay, nowMs: number): void {
    const { record, loiteringAfterS } = this.#options;
    const sinceMs = Math.max(stay.fromMs, this.#countedFromMs);
    if (stay.untilMs - sinceMs < loiteringAfterS() * 1000) return;
    if ((this.#published.get(id) ?? Number.NEGATIVE_INFINITY) >= stay.fromMs) return;
    record({
      ...{ kind: 'loitering', occurredAtMs: nowMs, strangerId: id, sinceMs },
      ...{ ...stay.latest, cameraIds: stay.cameraIds },
    });
    this.#published.set(id, nowMs);
  }

  /** The wall clock. After a jump, all stays begin anew: their passages have times of the former clock. */
  #now(clock: Clock): number {
    const nowMs = clock.wallMs();
    const offsetMs = nowMs - clock.monotonicMs();
    if (Math.abs(offsetMs - this.#clockOffsetMs) > toleratedJumpMs) this.#countedFromMs = nowMs;
    this.#clockOffsetMs = offsetMs;
    return nowMs;
  }
}
