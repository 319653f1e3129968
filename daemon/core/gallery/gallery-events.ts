import type { Clock, Timer } from '../../kernel/clock.js';
import type { GalleryNotice } from '../../kernel/events/notice.js';
import type { Logger } from '../../kernel/logger.js';
import type { Records } from '../records/records.js';
import type { GalleryVault } from './gallery-vault.js';

export interface GalleryEventsOptions {
  readonly vault: Pick<GalleryVault, 'open' | 'sealed' | 'onChanged'>;
  readonly records: Pick<Records, 'record' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryEveryMs = 5_000;
const source = 'gallery';

/** Records that the gallery was opened or sealed, unless the last event said the same, also before a restart. */
export class GalleryEvents implements Disposable {
  readonly #options: GalleryEventsOptions;
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: GalleryEventsOptions) {
    this.#options = options;
    this.#unsubscribe = options.vault.onChanged(() => this.#check());
    this.#check();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#timer?.cancel();
  }

  #check(): void {
    const { records, clock, logger } = this.#options;
    this.#timer?.cancel();
    const { said, notice } = this.#now();
    try {
      const { states } = records.sources;
      if (states.of(source) !== said) records.record(notice, () => states.set(source, said));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        logger.error('the opening or sealing of the gallery cannot be recorded; retrying', { error });
      }
      this.#isFailing = true;
      this.#timer = clock.after(retryEveryMs, () => this.#check());
    }
  }

  #now(): { readonly said: string; readonly notice: GalleryNotice } {
    const { vault, clock } = this.#options;
    const about = { kind: 'gallery', occurredAtMs: clock.wallMs() } as const;
    if (vault.open !== undefined) return { said: 'opened', notice: { ...about, change: 'opened' } };
    const code = vault.sealed?.code ?? 'unlocking';
    return { said: `sealed ${code}`, notice: { ...about, change: 'sealed', code } };
  }
}
