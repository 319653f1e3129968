import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOperations } from '../../daemon/contract/imports.js';
import { openApiDocument } from '../../daemon/contract/openapi.js';
import { personOperations } from '../../daemon/contract/persons.js';
import { describeApi } from '../../scripts/fuzz-api/description.js';
import { fuzzApi } from '../../scripts/fuzz-api/fuzz.js';
import { paintFace } from '../support/painted-faces.js';
import { startPersonServer } from '../support/person-server.js';

const document = openApiDocument({ ...personOperations, ...importOperations });
// The same requests each time, so that a failure comes from what was changed; scripts/fuzz-api tries others.
const seed = 20_261;

test('the operations on persons answer valid and nearly valid requests as described', async (t) => {
  t.diagnostic(`seed ${seed}`);
  await using server = await startPersonServer();
  const description = describeApi(document);
  const { faults, counts } = await fuzzApi({
    ...{ description, seed, until: { rounds: 12 }, target: { socketPath: server.socketPath } },
    files: [Buffer.from('no picture'), paintFace('Ada'), paintFace('Grace', 2)],
  });
  const told = faults.map(({ operation, problem, request }) => `${operation}: ${problem}\n    ${request}`);
  assert.deepEqual(told, [], `seed ${seed}`);
  const statuses = new Set([...counts.keys()].map((key) => key.split(' ')[1]));
  for (const status of ['200', '400', '404', '415']) assert.ok(statuses.has(status), `status ${status}`);
});

test('the fuzzer finds an answer that the document does not describe', async () => {
  await using server = await startPersonServer();
  // The same document, but for one field that the box does not answer, and one error that it gives.
  const text = JSON.stringify(document);
  const changed = text.replaceAll('"pageSize"', '"sizeOfPage"').replaceAll('no-such-person', 'unheard-of');
  const description = describeApi(JSON.parse(changed));
  const asked = new Set(['personsList', 'personsShow']);
  const without = new Set(description.operations.map(({ id }) => id).filter((id) => !asked.has(id)));
  const { faults } = await fuzzApi({
    ...{ description, without, seed: 1, until: { rounds: 50 } },
    ...{ target: { socketPath: server.socketPath }, files: [Buffer.from('no picture')] },
  });
  assert.ok(
    faults.some(({ problem }) => problem.includes('sizeOfPage')),
    JSON.stringify(faults),
  );
  assert.ok(
    faults.some(
      ({ request, problem }) =>
        /GET \/api\/v1\/persons\//.test(request) && problem.includes('allowed values'),
    ),
  );
});
