// Enrols "ada" under the idempotency key of the tests in the directory named first, and is killed (SIGKILL) on the way:
//   node --import tsx test/support/enrolment-child.ts DIRECTORY remembered|stored
// `remembered`: when the key is on the disk and the person is not. `stored`: when both are, before there is an answer.

import { tester } from './gallery-fixture.js';
import { openGalleryPersons } from './gallery-persons.js';
import { keyedEnrolment } from './keyed-enrolment.js';

const [directory = '', moment = ''] = process.argv.slice(2);
const kill = (): void => void process.kill(process.pid, 'SIGKILL');
const { persons, records, vault } = await openGalleryPersons({ directory });
if (moment === 'stored') vault.gallery().onPersonsChanged(kill);
else {
  const { requests } = records;
  const { keep } = requests;
  requests.keep = (...request) => {
    keep(...request);
    kill();
  };
}
await persons.add(keyedEnrolment, tester);
throw new Error('the enrolment was answered');
