import { setTimeout as sleep } from 'node:timers/promises';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { tester } from '../../test/support/gallery-fixture.js';
import { type FaultBox, openFaultBox } from './fault-box.js';
import type { Fate, Journal } from './journal.js';
import { enrolmentOf, seedOf } from './played-person.js';
import { samplesOf } from './sealed-samples.js';

/** A person who is in the gallery now. */
export interface PresentPerson {
  readonly seed: number;
  readonly id: PersonId;
  readonly state: 'active' | 'removed';
}

/** The place of the operations: an open box, a journal, and numbers for new persons. */
export class Workplace implements AsyncDisposable {
  readonly journal: Journal;
  readonly #directory: string;
  #box: FaultBox;
  #isOpen = true;
  #nextSeed: number;

  constructor(directory: string, box: FaultBox, journal: Journal, firstSeed: number) {
    this.#directory = directory;
    this.#box = box;
    this.journal = journal;
    this.#nextSeed = firstSeed;
  }

  get box(): FaultBox {
    return this.#box;
  }

  get gallery(): Gallery {
    return this.#box.box.vault.gallery();
  }

  newSeed(): number {
    this.#nextSeed += 1;
    return this.#nextSeed;
  }

  /** Closes the box and opens it as it is configured now. */
  async reopen(): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#box = await openFaultBox(this.#directory);
    this.#isOpen = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) await this.#box[Symbol.asyncDispose]();
    this.#isOpen = false;
  }

  async enrol(operation = 'enrol'): Promise<PresentPerson> {
    const seed = this.newSeed();
    const changes: Record<number, Fate> = { [seed]: 'active' };
    const enrolment = enrolmentOf(seed, this.#box.recogniser);
    const id = await this.journal.attempt({ operation, changes }, () =>
      this.gallery.addPerson(enrolment, tester),
    );
    this.tellSamples(seed, id);
    return { seed, id, state: 'active' };
  }

  /** In order of enrolment. */
  async present(): Promise<readonly PresentPerson[]> {
    return (await this.gallery.listPersons()).flatMap(({ id, state, profile }) => {
      const seed = seedOf(profile?.name);
      return seed === undefined || state === 'staged' ? [] : [{ seed, id, state }];
    });
  }

  /** The active person who was enrolled first. Enrols more persons first if few are left. */
  async oldest(): Promise<PresentPerson> {
    const active = (await this.present()).filter(({ state }) => state === 'active');
    for (let missing = LEAST_PERSONS - active.length; missing > 0; missing -= 1) await this.enrol();
    return active[0] ?? this.enrol();
  }

  tellSamples(seed: number, id: PersonId): void {
    const { database } = this.#box.box.vault.file;
    this.journal.write({ is: 'samples', seed, id, pieces: samplesOf(database, id) });
  }

  /** Until a rotation that an earlier process began has ended. */
  async rotationEnd(): Promise<void> {
    const { rotations } = this.#box.box.vault.requireOpen();
    while (rotations.progress?.state === 'running' || rotations.progress?.state === 'waiting') await sleep(1);
    const { progress } = rotations;
    if (progress !== undefined && progress.state !== 'finished')
      throw progress.problem ?? new Error(`the rotation is ${progress.state}`);
  }
}

const LEAST_PERSONS = 25;
