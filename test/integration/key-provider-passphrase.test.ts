import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import { PassphraseKeyProvider } from '../../daemon/core/gallery/keys/passphrase-key-provider.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { outcomeOf } from '../support/key-outcome.js';

const mib = 1024 * 1024;
const input = { passphrase: Buffer.from('long enough, for once') };

test('the cost is measured when a key is made, and kept with it, so that another machine does not measure', async () => {
  // A clock that stands still: the fastest machine there can be, with the least memory.
  const maker = new PassphraseKeyProvider({ clock: new VirtualClock(), availableBytes: () => 0 });
  const { kek, parameters } = await maker.create('first', input);
  assert.equal(parameters['memoryBytes'], 64 * mib);
  assert.equal(parameters['passes'], 32);
  const opener = new PassphraseKeyProvider({ clock: systemClock });
  assert.equal(outcomeOf(await opener.recover(keyIdOf(kek), parameters, input)), 'recovered');
});

test('the error for too little memory says how much is needed', async () => {
  const impossible = { passes: 1, memoryBytes: 2 ** 41 };
  const provider = new PassphraseKeyProvider({ clock: systemClock, cost: impossible });
  await assert.rejects(
    () => provider.create('first', input),
    (error) => isRollcallError(error, 'passphrase-not-hashed') && error.retryable,
  );
});
