// A process for password hashes: strangers may ask for them at any time, and cameras must not wait for that.

import { hideMemory } from './hidden-memory.js';
import type { HashTask } from './password-process.js';
import { hashPassphrase, wipe } from './sodium.js';
import { stopSignals } from './stop-signals.js';

const hidden = hideMemory();
process.on('message', ({ passphrase, salt, cost }: HashTask) => {
  void hidden
    .then(() => hashPassphrase(passphrase, salt, cost))
    .then((hash) => {
      wipe(passphrase);
      // A daemon that has ended meanwhile needs no answer.
      process.send?.(Buffer.from(hash), () => wipe(hash));
    });
});
// The daemon has ended, or needs no hash for now.
process.on('disconnect', () => process.exit(0));
// Of both, only the daemon decides when it stops.
for (const signal of stopSignals) process.on(signal, () => undefined);
