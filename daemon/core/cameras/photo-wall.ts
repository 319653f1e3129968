import { type Isolation, withNetwork } from '../../kernel/isolation.js';
import type { VisionLauncher } from '../../vision/vision-launcher.js';

/**
 * How processes for photos and clips start, and how far that isolates them. They run only while there is work, so what the last one found
 * counts until the next one starts.
 */
export class PhotoWall {
  readonly launcher: VisionLauncher;
  #hasUnwantedNetwork = false;

  constructor(launcher: VisionLauncher) {
    this.launcher = launcher;
  }

  /** A process started, and looked for a network that its wall should have taken away. */
  found({ hasUnwantedNetwork }: { readonly hasUnwantedNetwork: boolean }): void {
    this.#hasUnwantedNetwork = hasUnwantedNetwork;
  }

  get isolation(): Isolation {
    const { isolation } = this.launcher;
    return this.#hasUnwantedNetwork ? withNetwork(isolation) : isolation;
  }
}
