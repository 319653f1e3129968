import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';

/** The box of all examples. */
export const exampleBox = { siteId: 'plant-1', boxId: 'box-1' } as const;

/** When the examples are sent: 2 March 2026, 08:00:00 UTC. */
export const exampleTimeMs = Date.UTC(2026, 2, 2, 8);

const dayMs = 86_400_000;
/** How long the former key of the example box is published. */
const overlapMs = 14 * dayMs;

/** Keys for examples only, made from a public text, so they must never be trusted. 64 bytes, like the secret of a box. */
function exampleKeyBytes(which: 'first' | 'second'): Uint8Array {
  return createHash('sha512').update(`rollcall: the ${which} EXAMPLE key; never trust it`).digest();
}

/** A clock that shows a fixed time until another is set; durations are real. */
export class ShownClock implements Clock {
  #wallMs: number;

  constructor(wallMs: number) {
    this.#wallMs = wallMs;
  }

  show(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  after(delayMs: number, callback: () => void) {
    return systemClock.after(delayMs, callback);
  }
}

/** The keys of the example box, which changed its key the day before. `directory` must be empty. */
export async function openExampleKeys(directory: string, clock: ShownClock): Promise<IdentityKeys> {
  const secretsDirectory = join(directory, 'secrets');
  await mkdir(secretsDirectory, { mode: 0o700 });
  const put = (name: string, bytes: Uint8Array): Promise<void> =>
    writeFile(join(secretsDirectory, name), bytes, { mode: 0o600 });
  const places = { secretsDirectory, dataDir: join(directory, 'data'), credentialsDirectory: '' };
  clock.show(exampleTimeMs - 30 * dayMs);
  await put('box-key', exampleKeyBytes('first'));
  const keys = await IdentityKeys.open({ places, clock, overlapMs });
  clock.show(exampleTimeMs - dayMs);
  await put('box-key.next', exampleKeyBytes('second'));
  await keys.rotate(overlapMs);
  return keys;
}
