// Makes something under an idempotency key with the records in the folder named first, and is killed (SIGKILL) while it does:
//   node --import tsx test/support/creation-child.ts FOLDER OPERATION KEY INPUT
import { join } from 'node:path';
import { Creations } from '../../daemon/core/api/idempotency.js';
import { openRecordStores } from '../../daemon/core/compose/record-stores.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { networkCaller } from './operations-server.js';

const [folder = '', operationId = '', key = '', input = '{}'] = process.argv.slice(2);
const records = openRecordStores({
  ...{ path: join(folder, 'records.db'), auditKeys: [Buffer.alloc(32, 1)] },
  ...{ encode: () => new Uint8Array(), clock, random },
});
await new Creations({ kept: records.requests, logger: silentLogger }).once({
  ...{ operationId, key, creation: { foundBy: 'nothing' }, content: JSON.parse(input) },
  rights: '',
  caller: networkCaller('anna'),
  admit: () => undefined,
  isValid: () => true,
  async make() {
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
});
throw new Error('the request was answered');
