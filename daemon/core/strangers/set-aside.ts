import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { PersonId, StrangerId } from '../../kernel/ids.js';
import type { Gallery } from '../gallery/gallery.js';
import {
  restorableMs,
  type StrangerAside,
  type StrangerEntry,
} from '../gallery/strangers/strangers-aside.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { EnrolledPersons } from '../persons/enrolled-persons.js';

export interface SetAsideOptions {
  /** @throws `gallery-sealed` */
  readonly gallery: () => Pick<
    Gallery,
    | 'strangers'
    | 'showPerson'
    | 'removeStrangerPictures'
    | 'assignStrangerPictures'
    | 'unassignStrangerPictures'
  >;
  readonly journal: Pick<
    PassageJournal,
    'list' | 'forgetStranger' | 'removeStrangerClips' | 'assignStranger' | 'unassignStranger'
  >;
  readonly persons: Pick<EnrolledPersons, 'remove'> & {
    readonly photographs: Pick<EnrolledPersons['photographs'], 'remove'>;
  };
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** Passages read at a time. */
const passagesAtATime = 100;

/**
 * What happens to strangers who are discarded or assigned: they are set aside, and restored or forgotten. What else knows the stranger
 * changes before the gallery, so that after a kill in between the request can be made again.
 */
export class SetAside {
  readonly #options: SetAsideOptions;
  /** Strangers who are being restored: they are not forgotten meanwhile. */
  readonly #returning = new Set<StrangerId>();

  constructor(options: SetAsideOptions) {
    this.#options = options;
  }

  /** False if there is no such stranger. */
  discard({ id }: StrangerEntry, by: Actor): boolean {
    return this.#strangers().setAside(id, { change: 'discarded' }, by);
  }

  /** `photographs`: those that the person has of the stranger; absent if the person was enrolled from them. */
  assign(
    entry: StrangerEntry,
    personId: PersonId,
    photographs: readonly string[] | undefined,
    by: Actor,
  ): void {
    const { gallery, journal } = this.#options;
    gallery().assignStrangerPictures(personId, ...this.#pictured(entry));
    journal.assignStranger(entry.id, personId);
    const fate = { change: 'assigned', personId, ...(photographs && { photographs }) } as const;
    this.#strangers().setAside(entry.id, fate, by);
  }

  /**
   * Undefined if the stranger is not set aside, or can no longer be restored.
   * @throws `person-not-active`, `last-photograph`
   */
  async restore(
    { entry, fate, forgottenAtMs }: StrangerAside,
    by: Actor,
  ): Promise<StrangerEntry | undefined> {
    const { id } = entry;
    if (fate === undefined || this.#isOver(forgottenAtMs) || this.#returning.has(id)) return undefined;
    this.#returning.add(id);
    try {
      if (fate.change === 'assigned') {
        await this.#unlearn(fate, by);
        const { gallery, journal } = this.#options;
        gallery().unassignStrangerPictures(fate.personId, ...this.#pictured(entry));
        journal.unassignStranger(id);
      }
      return this.#strangers().restore(id, by);
    } finally {
      this.#returning.delete(id);
    }
  }

  /** Permanently forgets those who can no longer be restored. @throws `gallery-sealed` */
  async forgetDue(signal: AbortSignal): Promise<void> {
    for (const aside of this.#strangers().aside((forgottenAtMs) => this.#isOver(forgottenAtMs))) {
      if (signal.aborted) return;
      if (!this.#returning.has(aside.entry.id)) this.forget(aside);
      await nextTurn();
    }
  }

  /** Forgets permanently. `by`: an operator who does not want to wait. Returns the number of deleted pictures. */
  forget({ entry, fate }: StrangerAside, by?: Actor): number {
    const { gallery, journal } = this.#options;
    // The pictures of an assigned stranger are those of the person.
    const isOfPerson = fate?.change === 'assigned';
    const pictures = isOfPerson ? 0 : gallery().removeStrangerPictures(...this.#pictured(entry));
    if (!isOfPerson) journal.removeStrangerClips(entry.id);
    journal.forgetStranger(entry.id);
    this.#strangers().forget(entry.id, by);
    return pictures;
  }

  /** Also after the clock was set back by more than a correction: a stranger is not kept much longer than promised. */
  #isOver(forgottenAtMs: number): boolean {
    const leftMs = forgottenAtMs - this.#options.clock.wallMs();
    return leftMs <= 0 || leftMs > 2 * restorableMs;
  }

  /** The person loses what was learnt from the stranger. */
  async #unlearn(
    { personId: id, photographs }: { readonly personId: PersonId; readonly photographs?: readonly string[] },
    by: Actor,
  ): Promise<void> {
    const { persons } = this.#options;
    if (photographs === undefined) {
      persons.remove(id, by);
      return;
    }
    for (const photographId of photographs) {
      try {
        await persons.photographs.remove({ id, photographId, ifRevision: undefined }, by);
      } catch (error) {
        // Removed meanwhile.
        if (!isRollcallError(error, 'no-such-photograph')) throw error;
      }
    }
  }

  /** What may have pictures of a stranger: passages and their events, and the time between the first and the last. */
  #pictured({ id, appearances }: StrangerEntry): Parameters<Gallery['removeStrangerPictures']> {
    const { journal } = this.#options;
    const ids = new Set<string>(appearances.map(({ passageId: passage }) => passage));
    const times = appearances.flatMap(({ firstSeenMs, lastSeenMs }) => [firstSeenMs, lastSeenMs]);
    // The journal has passages that the stranger's row no longer remembers.
    for (let afterNumber = 0; ; ) {
      const part = journal.list({ strangerId: id, afterNumber, limit: passagesAtATime, keep: 'oldest' });
      for (const { passage } of part) {
        if (passage === undefined) continue;
        for (const pictured of [passage.id, ...passage.events]) ids.add(pictured);
        times.push(passage.startedAtMs, passage.lastSeenMs);
      }
      const last = part.at(-1);
      if (last === undefined || part.length < passagesAtATime) break;
      afterNumber = last.number;
    }
    return [[...ids], { fromMs: Math.min(...times), untilMs: Math.max(...times) }];
  }

  #strangers(): Gallery['strangers'] {
    return this.#options.gallery().strangers;
  }
}
