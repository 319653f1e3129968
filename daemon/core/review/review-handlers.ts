import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Page } from '../../contract/operation.js';
import type { ReviewAside, ReviewCounts, ReviewItem, reviewOperations } from '../../contract/review.js';
import type { Clock } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { type AsideFor, asideMs, type ReviewKind, reviewKinds } from '../../kernel/review/review-kind.js';
import { refusal } from '../../words/errors.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Gallery } from '../gallery/gallery.js';
import { camerasFor } from '../passages/recorded-passages.js';
import type { ReviewRecords } from './review-records.js';
import type { PlacedItem, ReviewReader, ReviewSource } from './review-source.js';

export interface ReviewOptions {
  /** In the order of the queue. */
  readonly sources: readonly ReviewSource[];
  readonly records: Pick<ReviewRecords, 'asideFor' | 'setAside' | 'restore'>;
  /** @throws `gallery-sealed` */
  readonly gallery: () => Pick<Gallery, 'showPerson'>;
  /** The name of a person; undefined where there is none. */
  readonly nameOf: (id: string) => string | undefined;
  readonly readings: Pick<ReadingTrail, 'note'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

type ReviewCaller = Pick<Caller, 'actor' | 'origin' | 'scopes' | 'cameras'>;
type ListInput = Parameters<Handlers<typeof reviewOperations>['review.list']>[0];

export function reviewHandlers(review: Review): Handlers<typeof reviewOperations> {
  return {
    'review.list': (input, { caller }) => review.list(input, caller),
    'review.counts': (_, { caller }) => review.counts(caller),
    'review.set-aside': ({ item, for: whom }, { caller }) => review.setAside(item, whom, caller),
    'review.restore': ({ item, for: whom }, { caller }) => review.restore(item, whom, caller),
  };
}

/** What waits for a person, as callers see it. Each gets the kinds that they may answer, at the cameras that they may use. */
export class Review {
  readonly #options: ReviewOptions;

  constructor(options: ReviewOptions) {
    this.#options = options;
  }

  /** @throws `gallery-sealed`, `bad-request` for a cursor that no page gave, `forbidden` for a camera that the caller may not use */
  list({ limit, cursor, kind, camera }: ListInput, caller: ReviewCaller): Page<ReviewItem> {
    const reader = this.#readerOf(caller, camera);
    const begun = cursor === undefined ? undefined : placeOf(cursor);
    const rest = reviewKinds.slice(begun === undefined ? 0 : reviewKinds.indexOf(begun.kind));
    const left = this.#sourcesFor(caller).filter(
      (source) => rest.includes(source.kind) && (kind === undefined || source.kind === kind),
    );
    const found: (PlacedItem & { readonly kind: ReviewKind })[] = [];
    for (const source of left) {
      // One more than the page shows whether this is the last page.
      const wanted = limit + 1 - found.length;
      if (wanted === 0) break;
      const after = source.kind === begun?.kind ? begun.place : undefined;
      for (const placed of source.list(reader, wanted, after)) found.push({ ...placed, kind: source.kind });
    }
    const shown = found.slice(0, limit);
    const items = shown.flatMap(({ item }) => item ?? []);
    this.#noteList(items, caller);
    const last = shown.at(-1);
    const hasMore = last !== undefined && found.length > limit;
    return { items, ...(hasMore && { nextCursor: `${last.kind}~${last.place}` }) };
  }

  /** @throws `gallery-sealed` */
  counts(caller: ReviewCaller): ReviewCounts {
    const reader = this.#readerOf(caller);
    const sources = this.#sourcesFor(caller);
    const kinds = sources.map((source) => ({ kind: source.kind, waiting: source.count(reader) }));
    const times = sources.flatMap((source) => source.newestMs(reader) ?? []);
    return {
      waiting: kinds.reduce((sum, { waiting }) => sum + waiting, 0),
      kinds,
      ...(times.length > 0 && { lastAt: isoTime(Math.max(...times)) }),
    };
  }

  /** @throws `gallery-sealed`, `no-such-review-item` */
  setAside(item: string, whom: AsideFor, caller: ReviewCaller): ReviewAside {
    const { records, audit, clock } = this.#options;
    const { kind, passage } = this.#find(item, caller);
    const atMs = clock.wallMs();
    const actor = whom === 'me' ? caller.actor : undefined;
    records.setAside({ item, actor, atMs, ...present({ passage }) }, () => {
      if (whom === 'everyone') audit.append({ ...changeOf(kind, item, caller), action: 'review.set-aside' });
    });
    return { item, for: whom, until: isoTime(atMs + asideMs) };
  }

  /** @throws `gallery-sealed`, `no-such-review-item` */
  restore(item: string, whom: AsideFor, caller: ReviewCaller): { readonly item: string } {
    const { records, audit } = this.#options;
    const { kind } = this.#find(item, caller);
    records.restore(item, whom === 'me' ? caller.actor : undefined, () => {
      if (whom === 'everyone') audit.append({ ...changeOf(kind, item, caller), action: 'review.restored' });
    });
    return { item };
  }

  #sourcesFor({ scopes, cameras }: ReviewCaller): readonly ReviewSource[] {
    return this.#options.sources.filter(
      (source) =>
        source.scopes.every((scope) => scopes.has(scope)) &&
        !(source.isOfAllCameras && cameras !== undefined),
    );
  }

  /** An item that the caller may answer. For others, it does not exist. */
  #find(item: string, caller: ReviewCaller) {
    const reader = this.#readerOf(caller);
    for (const source of this.#sourcesFor(caller)) {
      const found = source.find(item, reader);
      if (found !== undefined) return { ...found, kind: source.kind };
    }
    throw refusal('no-such-review-item', { item });
  }

  /** @throws `gallery-sealed`, `forbidden` */
  #readerOf(caller: ReviewCaller, camera?: string): ReviewReader {
    const { gallery, records, nameOf, clock } = this.#options;
    const open = gallery();
    const nowMs = clock.wallMs();
    const maySee = (scope: 'names:read' | 'persons:read') => caller.scopes.has(scope);
    return {
      ...{ caller, nowMs, cameraIds: camerasFor(camera, caller) },
      nameOf: (id) => (maySee('names:read') ? nameOf(id) : undefined),
      photographOf: (id) => (maySee('persons:read') ? open.showPerson(id)?.bestPhotographId : undefined),
      aside: records.asideFor(caller.actor, nowMs),
    };
  }

  /** One entry for each camera of the page, and one for what belongs to none. */
  #noteList(items: readonly ReviewItem[], { actor, origin }: ReviewCaller): void {
    const cameras = new Map<string | undefined, number>();
    for (const item of items) {
      const at = cameraOf(item);
      cameras.set(at, (cameras.get(at) ?? 0) + 1);
    }
    for (const [camera, count] of cameras) {
      const details = { items: count, ...present({ camera }) };
      this.#options.readings.note({ by: { actor, origin }, action: 'review.listed', details });
    }
  }
}

function cameraOf(item: ReviewItem): string | undefined {
  if (item.kind === 'camera') return item.camera;
  return 'passage' in item ? item.passage.camera : undefined;
}

function changeOf(kind: ReviewKind, item: string, { actor, origin }: ReviewCaller) {
  return { by: { actor, origin }, details: { kind, item } };
}

function placeOf(cursor: string): { readonly kind: ReviewKind; readonly place: string } {
  const [named, place] = cursor.split('~');
  const kind = reviewKinds.find((each) => each === named);
  if (kind !== undefined && place !== undefined) return { kind, place };
  throw refusal('bad-request:cursor');
}
