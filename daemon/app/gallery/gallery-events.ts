import type { Clock, Timer } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { GalleryNotice } from '../../domain/events/notice.js';
import type { Records } from '../../records/open-records.js';
import type { GalleryAccess } from './gallery-access.js';

export interface GalleryEventsOptions {
  readonly access: Pick<GalleryAccess, 'open' | 'sealed' | 'onChanged'>;
  readonly records: Pick<Records, 'record' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryEveryMs = 5_000;
const source = 'gallery';

/** Says that the gallery was opened or sealed, where it said something else last: over restarts, too. */
export class GalleryEvents implements Disposable {
  readonly #options: GalleryEventsOptions;
  readonly #forget: () => void;
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: GalleryEventsOptions) {
    this.#options = options;
    this.#forget = options.access.onChanged(() => this.#look());
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.#timer?.cancel();
  }

  #look(): void {
    const { records, clock, logger } = this.#options;
    this.#timer?.cancel();
    const { said, notice } = this.#now();
    try {
      const { lastSaid } = records.sources;
      if (lastSaid.of(source) !== said) records.record(notice, () => lastSaid.set(source, said));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        logger.error('that the gallery was opened or sealed cannot be recorded; it is tried again', {
          error,
        });
      }
      this.#isFailing = true;
      this.#timer = clock.after(retryEveryMs, () => this.#look());
    }
  }

  #now(): { readonly said: string; readonly notice: GalleryNotice } {
    const { access, clock } = this.#options;
    const about = { kind: 'gallery', occurredAtMs: clock.wallMs() } as const;
    if (access.open !== undefined) return { said: 'opened', notice: { ...about, change: 'opened' } };
    const code = access.sealed?.code ?? 'unlocking';
    return { said: `sealed ${code}`, notice: { ...about, change: 'sealed', code } };
  }
}
