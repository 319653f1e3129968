import type { SeenStranger } from '../events/event.js';
import type { PassageId, PersonId, StrangerId } from '../ids.js';
import {
  type Appearance,
  lastRecordedMs,
  type Stranger,
  seenBetween,
  visitCount,
  withAppearance,
  withoutPassage,
  withViews,
} from './stranger.js';
import type { KnownStranger, PassageOwner, StrangerSight } from './stranger-book.js';
import type { StrangerIndex } from './stranger-index.js';

/** The stranger of a sight, and whether the sight is the first of its passage. */
interface SightedStranger {
  readonly stranger: Stranger;
  readonly isFirstSight: boolean;
}

/**
 * The passages of strangers that are in sight, each bound to one stranger: what a book does in memory. Who keeps the strangers on
 * disk writes the returned ones.
 */
export class OpenAppearances {
  readonly #index: StrangerIndex;
  readonly #newId: () => StrangerId;
  readonly #bound = new Map<PassageId, StrangerId>();
  /** The open passages of strangers who were set aside or forgotten meanwhile. What else they show makes no new stranger. */
  readonly #left = new Map<PassageId, PassageOwner>();

  constructor(index: StrangerIndex, newId: () => StrangerId) {
    this.#index = index;
    this.#newId = newId;
  }

  /** The stranger with this sight. Does not change the index. */
  sighted(sight: StrangerSight): SightedStranger {
    const { passageId, recogniser, views } = sight;
    const bound = this.#index.get(this.#bound.get(passageId) ?? noStranger);
    const before =
      bound ?? this.#index.find(views, sight)?.stranger ?? newStranger(this.#newId(), recogniser);
    const known = before.appearances.find((appearance) => appearance.passageId === passageId);
    const stranger = withAppearance(withViews(before, passageId, views), appearanceOf(sight, known));
    return { stranger, isFirstSight: bound === undefined };
  }

  bind(passageId: PassageId, id: StrangerId): void {
    this.#bound.set(passageId, id);
  }

  /** The stranger of an open passage. */
  of(passageId: PassageId): Stranger | undefined {
    return this.#index.get(this.#bound.get(passageId) ?? noStranger);
  }

  /** The stranger of an open passage, with the time of its event. Does not change the index. */
  recorded(passageId: PassageId, atMs: number): Stranger | undefined {
    const stranger = this.of(passageId);
    const appearance = stranger?.appearances.find((each) => each.passageId === passageId);
    if (stranger === undefined || appearance === undefined) return undefined;
    return withAppearance(stranger, { ...appearance, recordedAtMs: atMs });
  }

  /** The stranger of an open passage without this passage. Does not change the index. */
  withdrawn(passageId: PassageId): Stranger | undefined {
    const stranger = this.of(passageId);
    return stranger && withoutPassage(stranger, passageId);
  }

  /** The stranger is remembered, but not recognised. `assignedTo`: who the stranger is, as an operator says. */
  setAside(id: StrangerId, assignedTo: PersonId | undefined): void {
    const owner = { strangerId: id, ...(assignedTo && { assignedTo }) };
    for (const passageId of this.#boundTo(id)) this.#left.set(passageId, owner);
  }

  /** The stranger is recognised again. */
  restore(id: StrangerId): void {
    for (const passageId of this.#boundTo(id)) this.#left.delete(passageId);
  }

  /** The stranger is forgotten, with what the open passages show from now on. */
  forget(id: StrangerId): void {
    for (const passageId of this.#boundTo(id)) {
      const { strangerId: _, ...owner } = this.#left.get(passageId) ?? {};
      this.#left.set(passageId, owner);
    }
  }

  /** A person was erased: open passages that were theirs lead neither to them nor to the stranger. */
  forgetPerson(id: PersonId): void {
    for (const [passageId, { assignedTo }] of this.#left) {
      if (assignedTo === id) this.#left.set(passageId, {});
    }
  }

  /** Whether the stranger of this passage was set aside or forgotten. */
  hasLeft(passageId: PassageId): boolean {
    return this.#left.has(passageId);
  }

  ownerOf(passageId: PassageId): PassageOwner | undefined {
    const strangerId = this.#bound.get(passageId);
    return this.#left.get(passageId) ?? (strangerId && { strangerId });
  }

  /** Binds the open passages of some strangers to another one. */
  rebind(ids: readonly StrangerId[], to: StrangerId, only?: ReadonlySet<PassageId>): void {
    for (const [passageId, id] of this.#bound) {
      if (ids.includes(id) && only?.has(passageId) !== false) this.#bound.set(passageId, to);
    }
  }

  /** The passage has ended. Returns its stranger. */
  release(passageId: PassageId): Stranger | undefined {
    const stranger = this.of(passageId);
    this.#bound.delete(passageId);
    this.#left.delete(passageId);
    return stranger;
  }

  #boundTo(id: StrangerId): readonly PassageId[] {
    return [...this.#bound].flatMap(([passageId, bound]) => (bound === id ? [passageId] : []));
  }
}

/** What the book tells the decider about a stranger. */
export function knownOf(stranger: Stranger, sight: StrangerSight): KnownStranger {
  const lastMs = lastRecordedMs(stranger, sight.cameraId, sight.passageId);
  return {
    stranger: seenStranger(stranger),
    isIgnored: stranger.state === 'ignored',
    ...(lastMs === undefined ? {} : { lastRecordedMs: lastMs }),
  };
}

/** A stranger as events tell it. */
function seenStranger(stranger: Stranger): SeenStranger {
  const lastSeen = new Map<Appearance['cameraId'], number>();
  for (const { cameraId, lastSeenMs } of stranger.appearances)
    lastSeen.set(cameraId, Math.max(lastSeenMs, lastSeen.get(cameraId) ?? 0));
  return {
    id: stranger.id,
    visit: visitCount(stranger),
    firstSeenMs: seenBetween(stranger)?.firstMs ?? 0,
    cameras: [...lastSeen]
      .map(([cameraId, lastSeenMs]) => ({ cameraId, lastSeenMs }))
      .sort((a, b) => b.lastSeenMs - a.lastSeenMs),
  };
}

const noStranger = '' as StrangerId;

const newStranger = (id: StrangerId, recogniser: StrangerSight['recogniser']): Stranger => ({
  id,
  state: 'active',
  recogniser,
  views: [],
  appearances: [],
  earlierVisits: 0,
});

function appearanceOf(sight: StrangerSight, known: Appearance | undefined): Appearance {
  const { passageId, cameraId, firstSeenMs, lastSeenMs } = sight;
  return { ...known, passageId, cameraId, firstSeenMs, lastSeenMs };
}
