import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { findPersons, whichPerson } from '../../daemon/cli/person/which-person.js';
import { findCameras } from '../../daemon/cli/which-camera.js';
import type { CameraStatus } from '../../daemon/contract/cameras.js';
import type { PersonSummary } from '../../daemon/contract/person.js';
import type { ControlClient } from '../../daemon/core/api/client.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { writtenText } from '../support/written-text.js';

const idOf = (begin: string): string => `p-${begin.padEnd(26, '0')}`;
const person = (begin: string, name: string, more: Partial<PersonSummary> = {}): PersonSummary => ({
  ...{ id: idOf(begin), name, state: 'active', enrolledAt: '2026-03-02T08:00:00.000Z' },
  ...{ templates: 1, photographs: 1, consentState: 'none' },
  ...more,
});
const all = [
  person('4hz8', 'Ada', { externalId: '17' }),
  person('4hzt', 'Bea', { externalId: '18' }),
  person('9abc', 'Ada', { state: 'removed', removedAt: '2026-03-03T08:00:00.000Z' }),
  person('c0de', 'José', { externalId: 'Bea' }),
];

const meant = (given: string): readonly string[] => findPersons(all, given).map(({ id }) => id.slice(2, 6));

describe('the argument for a person', () => {
  const cases: readonly (readonly [given: string, meant: readonly string[], why: string])[] = [
    [idOf('4hz8'), ['4hz8'], 'a whole id'],
    ['p-9a', ['9abc'], 'the only id that begins so'],
    ['p-4hz', ['4hz8', '4hzt'], 'two ids begin so'],
    ['p-', [], 'too short for the beginning of an id'],
    ['Ada', ['4hz8', '9abc'], 'a name that two have'],
    ['jose\u0301', ['c0de'], 'a name, whatever the case and the form of its accents'],
    ['17', ['4hz8'], 'an external id'],
    ['Bea', ['4hzt', 'c0de'], 'the name of one and the external id of another'],
    ['Nobody', [], 'nobody'],
  ];
  for (const [given, expected, why] of cases) {
    test(`means ${expected.length}: ${why}`, () => assert.deepEqual(meant(given), expected));
  }
});

describe('a command about a person', () => {
  const terminal = (isTTY: boolean) => ({
    input: Object.assign(new PassThrough(), { isTTY }),
    output: new PassThrough(),
  });
  /** A client that answers every call with one page. */
  const answering = (items: () => readonly PersonSummary[]) =>
    ({ call: async () => ({ items: items() }) }) as unknown as ControlClient;
  const persons = answering(() => all);
  const show = (iso: string): string => iso;

  test('takes a whole id as it is and reads no names for it', async () => {
    const unread = answering(() => assert.fail('names were read'));
    assert.equal(await whichPerson(unread, { given: idOf('zzzz'), show }), idOf('zzzz'));
  });

  test('matches only persons in the required state', async () => {
    assert.equal(await whichPerson(persons, { given: 'Ada', state: 'removed', show }), idOf('9abc'));
    await assert.rejects(whichPerson(persons, { given: 'Bea', state: 'removed', show }), {
      code: 'no-such-person',
      message: 'no removed person has the id, the name or the external id "Bea"',
    });
  });

  test('lists the persons on a terminal and takes a number', async () => {
    const { input, output } = terminal(true);
    input.end('2\n');
    assert.equal(
      await whichPerson(persons, { given: 'Ada', show, terminal: { input, output } }),
      idOf('9abc'),
    );
    const asked = writtenText(output);
    assert.match(asked, /"Ada" can mean 2 persons:\n +id +name .*\n +1 {2}p-4hz8\S+ +Ada +17 +active/);
    assert.match(asked, /\n +2 {2}p-9abc\S+ +Ada +removed[\s\S]*Type the number of the person: /);
  });

  for (const answer of ['3\n', '0\n', 'Ada\n', '']) {
    test(`does nothing if the answer is ${JSON.stringify(answer)}`, async () => {
      const { input, output } = terminal(true);
      input.end(answer);
      await assert.rejects(whichPerson(persons, { given: 'Ada', show, terminal: { input, output } }), {
        code: 'not-chosen',
      });
    });
  }

  test('without a terminal lists the persons and fails; the error names them by id only', async () => {
    const { input, output } = terminal(false);
    const asked = whichPerson(persons, { given: 'p-4hz', show, terminal: { input, output } });
    await assert.rejects(asked, (error: unknown) => {
      assert.ok(isRollcallError(error, 'ambiguous') && error.kind === 'input');
      assert.deepEqual(error.details, { ids: [idOf('4hz8'), idOf('4hzt')] });
      assert.doesNotMatch(JSON.stringify([error.message, error.remedy]), /Ada|Bea/);
      return true;
    });
    assert.match(writtenText(output), /1 {2}p-4hz8\S+ +Ada[\s\S]*2 {2}p-4hzt\S+ +Bea/);
  });
});

test('a camera is found by its id, a prefix of it, or its name', () => {
  const cameras = [
    { id: 'door', name: 'Front door' },
    { id: 'door-2', name: 'Back door' },
    { id: 'gate', name: 'Gate' },
  ] as unknown as readonly CameraStatus[];
  const called = (given: string) => findCameras(cameras, given).map(({ id }) => id);
  assert.deepEqual(called('door'), ['door'], 'a whole id, though another begins so');
  assert.deepEqual(called('doo'), ['door', 'door-2']);
  assert.deepEqual(called('back DOOR'), ['door-2']);
  assert.deepEqual(called('g'), ['gate']);
  assert.deepEqual(called('window'), []);
});
