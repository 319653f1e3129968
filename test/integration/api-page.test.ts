import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { eventOperations } from '../../daemon/contract/events.js';
import { personOperations } from '../../daemon/contract/persons.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { gateCallers } from '../../daemon/core/accounts/gate-callers.js';
import { createAdmission, localBounds } from '../../daemon/core/api/admission.js';
import { Creations } from '../../daemon/core/api/idempotency.js';
import { serveOperations } from '../../daemon/core/api/serve.js';
import { eventHandlers, RecordedEvents } from '../../daemon/core/events/recorded-events.js';
import { personHandlers } from '../../daemon/core/persons/person-handlers.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { atTheBox, openAccountsFixture } from '../support/accounts-fixture.js';
import { accountOperations } from '../support/accounts-server.js';
import { runProgram } from '../support/box.js';
import { docBlocks } from '../support/doc-blocks.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { openTestGate } from '../support/gate.js';
import { paintFace } from '../support/painted-faces.js';
import { openTestRecords } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const password = 'seven grey herons wade';

test('docs/tutorial/call-the-api.md leads from the claim to the logout', async () => {
  await using folder = await temporaryDirectory();
  await using behind = await openGalleryPersons();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  await using box = await openAccountsFixture();
  const config = configSchema.parse({ site: { id: 'site', timeZone: 'UTC' } });
  const events = new RecordedEvents({
    ...{ records, publisher: () => undefined, current: () => config, clock: systemClock },
    audit: () => undefined,
    readings: { note: () => undefined },
    gallery: () => ({ evidenceOfEvent: () => undefined }),
  });
  const app = serveOperations({
    operations: { ...accountOperations, ...personOperations, ...eventOperations },
    handlers: { ...box.accounts.handlers, ...personHandlers(behind.persons), ...eventHandlers(events) },
    ...gateCallers(box.accounts),
    creations: new Creations({ kept: records.requests, logger: silentLogger }),
    admission: createAdmission(() => localBounds, undefined),
    isLocal: false,
    nowMs: () => box.clock.wallMs(),
    logger: silentLogger,
  });
  const listener = getRequestListener(app.fetch);
  await using gate = await openTestGate({ core: (request, response) => void listener(request, response) });
  const { secret } = await box.accounts.handlers['users.claim']({ isReset: false }, box.call(atTheBox));
  await writeFile(join(folder.path, 'photo.jpg'), paintFace('Ada'));
  // The command itself is tested elsewhere: here its answer matters.
  await writeFile(join(folder.path, 'rollcall'), `#!/bin/sh\necho ${secret}\n`, { mode: 0o755 });
  const blocks = docBlocks('docs/tutorial/call-the-api.md').map(({ text }) => `echo '==' >&2\n${text}`);
  const script = ['set -euo pipefail', `cd '${folder.path}'`, ...blocks].join('\n');
  const { exitCode, stdout, stderr } = await runProgram(
    'bash',
    ['-c', script.replaceAll('localhost:8443', `localhost:${gate.port}`)],
    { ...process.env, PATH: `${folder.path}:${process.env['PATH']}` },
    `${password}\n`,
  );
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /sha256 Fingerprint=/i);
  assert.match(stdout, /"persons:write"/, 'the scopes of an administrator');
  assert.match(stdout, /^"Ada Lovelace"$/m, 'the enrolled person is listed');
  assert.match(stdout, /"code": "no-such-person"/);
  assert.match(stdout, /^"updated"$/m, 'the tag of the answer was taken back');
  assert.equal(
    stdout.match(/^\{"name":"porter".*$/gm)?.length,
    2,
    'the repeated request got the same answer',
  );
  assert.match(stdout, /"ended": ?1/, 'the logout ended the tokens');
  assert.ok(!`${stdout}${stderr}`.includes(password), 'the password is not shown');
});
