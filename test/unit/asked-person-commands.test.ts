import { describe } from 'node:test';
import { RollcallError } from '../../daemon/kernel/errors.js';
import { commandNamed, filePath, testCommands } from '../support/asked-command.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('person-commands.txt');

const noon = '2026-03-02T11:00:00.000Z';
const evening = '2026-03-02T18:30:00.000Z';
const id = `p-${'a'.repeat(26)}`;
const other = `p-${'b'.repeat(26)}`;
const photo = filePath;

const ada = {
  ...{ id, name: 'Ada', externalId: '17', state: 'active', enrolledAt: noon, templates: 2, photographs: 3 },
  ...{ watch: { mark: 'barred', reason: 'r' }, validFrom: '2026-01-01', groups: ['team', 'visitors'] },
};
const bea = { id: other, name: 'Bea', state: 'removed', enrolledAt: evening, templates: 0, photographs: 0 };
const detail = { ...ada, photographIds: ['f-1', 'f-2'] };
const everything = {
  ...{ ...detail, validUntil: '2026-02-01', removedAt: evening, notes: 'first\nsecond' },
  consent: { basis: 'consent', dateIso: '2026-01-01', reference: 'form 7', withdrawnIso: '2026-02-02' },
  threshold: { similarity: 0.5, recogniser: 'made-up', reason: 'twins' },
  thresholdInForce: { similarity: 0.61239, general: 0.5, reason: 'marked', markedPassages: ['g-1', 'g-2'] },
};
const inForce = (reason: string, more = {}) => ({
  'persons.show': {
    ...bea,
    photographIds: [],
    thresholdInForce: { similarity: 0.6, general: 0.5, reason, ...more },
  },
});
const list = { 'persons.list': { items: [ada, bea] } };
const fails =
  (code: string, details = {}) =>
  () => {
    throw new RollcallError({ kind: 'operational', code, message: `it is ${code}`, details });
  };

describe('rollcall person list and show', async () => {
  testCommands(await commandNamed('person'), expected, [
    ['person list', 'there are two', list],
    ['person list', 'no column of the last three is used', { 'persons.list': { items: [bea] } }],
    ['person list', 'there are none', { 'persons.list': { items: [] } }],
    ['person list --removed --json', 'a program asks', { 'persons.list': { items: [bea] } }],
    [
      'person list --group team --watch --expired --consent none',
      'nobody is like that',
      { 'persons.list': { items: [] } },
    ],
    ['person list --watch barred', 'one is like that', { 'persons.list': { items: [ada] } }],
    ['person list --watch nothing', 'there is no such mark'],
    [`person show ${id}`, 'little is known', { 'persons.show': { ...bea, photographIds: [] } }],
    [`person show ${id}`, 'everything is known', { 'persons.show': everything }],
    ['person show Ada', 'the name is known', { ...list, 'persons.show': detail }],
    ['person show Ada --json', 'a program asks', { ...list, 'persons.show': detail }],
    ['person show Nobody', 'nobody is called so', list],
    ['person show p-aa', 'it is the beginning of an id', { ...list, 'persons.show': detail }],
    ['person show p-', 'it begins several ids', list],
    [`person show ${id}`, 'few are enrolled', inForce('few')],
    [`person show ${id}`, 'a neighbour is near', inForce('neighbour')],
    [`person show ${id}`, 'a target demands it', inForce('strangers')],
    [`person show ${id}`, 'the threshold was set by hand', inForce('manual')],
    [`person show ${id}`, 'marks are not told', inForce('marked')],
    [`person show ${id}`, 'one passage was marked', inForce('marked', { markedPassages: ['g-1'] })],
  ]);
});

const usable = (more = {}) => ({ outcome: 'usable', qualityScore: 0.876, ...more });
const refused = { outcome: 'refused', message: 'it is dark', code: 'dark', remedy: 'Light it.' };
const resembles = [
  { personId: other, name: 'Bea', similarity: 0.71 },
  { personId: id, similarity: 0.6999 },
];

describe('rollcall person add', async () => {
  testCommands(await commandNamed('person'), expected, [
    [
      `person add Ada --image ${photo}`,
      'it is enrolled',
      { 'persons.enrol': { outcome: 'enrolled', person: ada, photographs: [usable()] } },
    ],
    [
      `person add Ada --image ${photo} ${photo} --dry-run --face 3 --allow-duplicate`,
      'it could be enrolled, with warnings',
      {
        'persons.enrol': {
          ...{ outcome: 'enrollable', resembles },
          photographs: [
            usable(),
            usable({ warnings: [{ code: 'w', message: 'it is small', remedy: 'Go nearer.' }] }),
          ],
        },
      },
    ],
    [
      `person add Ada --image ${photo} --consent-basis legitimate-interests --consent-date 2026-01-02 --consent-reference 7 --external-id 17 --notes n --group a b --valid-from 2026-01-01 --valid-until 2026-12-31 --watch watch --watch-reason r`,
      'it is refused',
      { 'persons.enrol': { outcome: 'refused', photographs: [refused] } },
    ],
    [
      `person add Ada --image ${photo} --consent-basis consent --consent-date 2026-01-02 --consent-reference 7 --json`,
      'a program asks',
      { 'persons.enrol': { outcome: 'enrolled' } },
    ],
    [
      `person add Ada --image ${photo}`,
      'it resembles another',
      { 'persons.enrol': { outcome: 'similar', name: 'Bea', personId: other, similarity: 0.8127 } },
    ],
    [
      `person add Ada --image ${photo}`,
      'the external id is taken',
      { 'persons.enrol': { outcome: 'external-id-taken', personId: other } },
    ],
    [`person add --image ${photo}`, 'no name is given'],
    [`person add Ada --image ${photo} --consent-basis consent`, 'the consent is incomplete'],
    [`person add Ada --image ${photo} --watch watch`, 'the mark has no reason'],
    [`person add Ada --image ${photo} --face 0`, 'there is no such face'],
    [`person add Ada --image ${photo} --face 1000`, 'there are not so many faces'],
    ['person add Ada --image /nowhere/a.jpg', 'the photograph is not there'],
    [`person add Ada --image${` ${photo}`.repeat(21)}`, 'there are too many photographs'],
    ['person add Ada', 'no photograph is given'],
  ]);
});

describe('rollcall person set-many', async () => {
  const rows = [
    { id, name: 'Ada', outcome: 'changed', fields: ['groups', 'watch'] },
    { id: other, name: 'Bea', outcome: 'unchanged', fields: [] },
  ];
  const refused = { id: other, outcome: 'refused', fields: [], refusal: { code: 'x', message: 'It is no.' } };
  const changed = { 'persons.change-many': { isPreview: false, persons: rows } };
  testCommands(await commandNamed('person'), expected, [
    [`person set-many ${id} ${other} --add-group night late`, 'one is in the groups already', changed],
    [
      `person set-many Ada --remove-group night --preview`,
      'it is only tried',
      { ...list, 'persons.change-many': { isPreview: true, persons: rows.slice(0, 1) } },
    ],
    ['person set-many Ada 17 --add-group night', 'names are looked up together', { ...list, ...changed }],
    [`person set-many ${id} --valid-from 2026-01-01 --valid-until ''`, 'they stay', changed],
    [`person set-many ${id} --watch barred --watch-reason theft`, 'they are barred', changed],
    [`person set-many ${id} --watch ''`, 'they are no longer barred', changed],
    [`person set-many ${id} --watch barred --watch-reason ''`, 'the reason is missing', changed],
    [
      `person set-many ${id} --consent-basis contract --consent-date 2026-01-01 --consent-reference 'list 3'`,
      'they signed a list',
      changed,
    ],
    [
      `person set-many ${id} ${other} --add-group night`,
      'one is refused',
      { 'persons.change-many': { isPreview: false, persons: [...rows.slice(0, 1), refused] } },
    ],
    [`person set-many ${id} --valid-from soon`, 'the day cannot be read', changed],
    ['person set-many nobody --add-group night', 'nobody is called so', list],
    [`person set-many ${id} --add-group night --json`, 'a program asks', changed],
    ['person set-many', 'nobody is named'],
  ]);
});

describe('rollcall person rename and set', async () => {
  const updated = { 'persons.update': { outcome: 'updated', person: detail } };
  testCommands(await commandNamed('person'), expected, [
    [`person rename ${id}`, 'no name is given'],
    [`person rename ${id} Grace`, 'it is known', updated],
    [`person rename ${id} Grace --json`, 'a program asks', updated],
    [
      `person set ${id} --external-id 18`,
      'another has it',
      { 'persons.update': { outcome: 'external-id-taken', personId: other } },
    ],
    [`person set ${id} --threshold 0.5 --reason twins`, 'a threshold is set', updated],
    [`person set ${id} --threshold auto`, 'the threshold is taken back', updated],
    [`person set ${id} --threshold -.25 --reason x`, 'it is below nothing', updated],
    [`person set ${id} --threshold 1 --reason x`, 'it cannot be reached'],
    [`person set ${id} --threshold -1 --reason x`, 'it is always reached'],
    [`person set ${id} --threshold 0x1 --reason x`, 'it is no number'],
    [`person set ${id} --threshold 0.5`, 'no reason is given'],
    [`person set ${id} --reason twins`, 'no threshold is given'],
    [`person set ${id}`, 'no change is given'],
    [
      `person set ${id} --name A --notes '' --group '' --valid-from '' --watch none`,
      'values are deleted',
      updated,
    ],
    [
      `person set ${id} --consent-basis contract --consent-date 2026-01-02 --consent-reference 7`,
      'the ground does not suffice',
      updated,
    ],
  ]);
});

describe('rollcall person photo', async () => {
  const kept = [
    {
      id: 'f-1',
      hasPicture: true,
      storedAt: noon,
      qualityScore: 0.876,
      agreement: { similarity: 0.71, isAgreeing: true },
    },
    {
      ...{
        id: 'f-2',
        hasPicture: false,
        qualityScore: 0.5,
        agreement: { similarity: 0.2, isAgreeing: false },
      },
      fromPassage: { passage: 'g-1', camera: 'door', seenAt: evening },
    },
    { id: 'f-3', hasPicture: true, fromPassage: { camera: 'door' } },
  ];
  const changed = { outcome: 'changed', person: ada, photographs: [usable()] };
  testCommands(await commandNamed('person'), expected, [
    [`person photo list ${id}`, 'there are some', { 'persons.photographs.list': kept }],
    [`person photo list ${id}`, 'there are none', { 'persons.photographs.list': [] }],
    [`person photo list ${id} --json`, 'a program asks', { 'persons.photographs.list': [] }],
    [
      `person photo add ${id} --image ${photo}`,
      'it is taken',
      { 'persons.photographs.add': { ...changed, resembles } },
    ],
    [
      `person photo add ${id} --image ${photo} --face 2 --allow-duplicate`,
      'there is now one template',
      { 'persons.photographs.add': { ...changed, person: { ...ada, templates: 1 } } },
    ],
    [
      `person photo add ${id} --image ${photo}`,
      'it is refused',
      { 'persons.photographs.add': { outcome: 'refused', photographs: [refused] } },
    ],
    [
      `person photo add ${id} --image ${photo}`,
      'it resembles another',
      { 'persons.photographs.add': { outcome: 'similar', personId: other, similarity: 0.8127 } },
    ],
    [
      `person photo add ${id} --image ${photo} --json`,
      'a program asks',
      { 'persons.photographs.add': changed },
    ],
    [
      `person photo replace ${id} f-1 --image ${photo}`,
      'it is taken',
      { 'persons.photographs.replace': changed },
    ],
    [
      `person photo replace ${id} f-1 --image ${photo} --face 1 --json`,
      'a program asks',
      { 'persons.photographs.replace': { outcome: 'refused' } },
    ],
    [`person photo remove ${id} f-1 --yes`, 'it exists', { 'persons.photographs.remove': ada }],
    [`person photo remove ${id} f-1 --yes --json`, 'a program asks', { 'persons.photographs.remove': ada }],
    [`person photo remove ${id} f-1`, 'nobody can confirm it'],
    ['person photo remove Bea f-1 --yes', 'the person was removed', list],
    ['person photo add Bea --image /nowhere', 'the photograph is not there', list],
    [`person photo replace Bea f-1 --image ${photo}`, 'the person was removed', list],
    [`person photo add Bea --image ${photo}`, 'the person was removed', list],
  ]);
});

const near = { similarity: 0.71239, threshold: 0.5, isToldApart: true };
const similar = {
  persons: [
    { personId: id, name: 'Ada', ...near },
    { personId: other, ...near, isToldApart: false },
  ],
  strangers: [{ strangerId: 's-1', ...near }],
};

describe('rollcall person similar', async () => {
  testCommands(await commandNamed('person'), expected, [
    [`person similar ${id}`, 'there are some', { 'recognition.similar-persons': similar }],
    [
      `person similar ${id}`,
      'there are none',
      { 'recognition.similar-persons': { persons: [], strangers: [] } },
    ],
    [
      `person similar --image ${photo}`,
      'it is usable',
      { 'recognition.similar': { outcome: 'compared', ...similar } },
    ],
    [`person similar --image ${photo}`, 'it is refused', { 'recognition.similar': refused }],
    [`person similar --image ${photo} --json`, 'a program asks', { 'recognition.similar': refused }],
    ['person similar', 'nothing is given'],
    [`person similar ${id} --image ${photo}`, 'both are given'],
    ['person similar Bea', 'the person was removed', list],
  ]);
});

const certificate = {
  ...{ personId: id, scope: 'person', erasedAt: noon, by: 'uid:0', auditSequence: 7, auditHash: 'abc' },
  what: { templates: 1, photographs: 2, evidence: 1, passages: 5 },
};

describe('rollcall person remove, restore, erase and withdraw', async () => {
  const shown = { 'persons.show': detail };
  testCommands(await commandNamed('person'), expected, [
    [`person remove ${id} --yes`, 'it exists', { 'persons.remove': { removed: id } }],
    [`person remove ${id} --yes --json`, 'a program asks', { 'persons.remove': { id } }],
    [`person remove ${id}`, 'nobody can confirm it', shown],
    ['person remove Bea --yes', 'it was removed before', list],
    [`person restore ${id}`, 'it was removed', { 'persons.restore': { outcome: 'restored' } }],
    [
      `person restore ${id}`,
      'consent was withdrawn',
      { 'persons.restore': { outcome: 'consent-withdrawn' } },
    ],
    [`person restore ${id}`, 'it was not removed', { 'persons.restore': { outcome: 'not-removed' } }],
    [`person restore ${id} --json`, 'a program asks', { 'persons.restore': { outcome: 'restored' } }],
    ['person restore Ada', 'it was not removed', list],
    [`person erase ${id} --yes`, 'it exists', { ...shown, 'persons.erase': certificate }],
    [`person erase ${id} --yes --json`, 'a program asks', { ...shown, 'persons.erase': certificate }],
    [`person erase ${id}`, 'nobody can confirm it', shown],
    [`person erase ${id} --yes --certificate ${filePath}`, 'the file exists', shown],
    [
      `person erase ${id} --yes`,
      'it is incomplete',
      { ...shown, 'persons.erase': fails('erasure-incomplete', { certificate }) },
    ],
    [
      `person erase ${id} --yes --json`,
      'it is incomplete, and a program asks',
      { ...shown, 'persons.erase': fails('erasure-incomplete', { certificate }) },
    ],
    [
      `person erase ${id} --yes`,
      'it tells nothing',
      { ...shown, 'persons.erase': fails('erasure-incomplete') },
    ],
    [
      `person erase ${id} --yes`,
      'it fails',
      { ...shown, 'persons.erase': fails('gallery-sealed', { certificate }) },
    ],
    [
      `person withdraw ${id} --yes`,
      'it exists',
      { ...shown, 'persons.withdraw-consent': { ...certificate, scope: 'biometric-data' } },
    ],
    [`person withdraw ${id}`, 'nobody can confirm it', shown],
  ]);
});

const sid = `s-${'c'.repeat(26)}`;
const stranger = {
  ...{ id: sid, lastSeenAt: evening, firstSeenAt: noon, visits: 2, passages: 3, state: 'active' },
  cameras: [{ camera: 'door' }, { camera: 'gate' }],
};
const strangers = [
  stranger,
  { ...stranger, id: `s-${'d'.repeat(26)}`, state: 'ignored' },
  { ...stranger, id: `s-cc${'d'.repeat(24)}`, state: 'set-aside', forgottenAt: evening },
  { ...stranger, id: `s-${'e'.repeat(26)}`, state: 'set-aside', forgottenAt: evening, person: id },
  { ...stranger, id: `s-${'f'.repeat(26)}`, state: 'set-aside' },
];
const visit = { passage: 'g-1', camera: 'door', firstSeenAt: noon, lastSeenAt: evening };
const history = [
  { ...visit, hasEvent: true, hasPicture: true, isCompared: true },
  { ...visit, passage: 'g-2', hasEvent: false, hasPicture: false, isCompared: true },
];
const read = { 'strangers.list': { items: strangers } };

describe('rollcall strangers', async () => {
  const shown = { ...stranger, history, similar: [] };
  testCommands(await commandNamed('strangers'), expected, [
    ['strangers list', 'there are some', read],
    ['strangers list', 'there are none', { 'strangers.list': { items: [] } }],
    [
      'strangers list --state ignored --camera door --since 2026-03-01 --limit 3 --json',
      'a program asks',
      { 'strangers.list': { items: [] }, 'cameras.list': [{ id: 'door', name: 'Door' }] },
    ],
    [
      'strangers list --camera cellar',
      'there is no such camera',
      { 'strangers.list': { items: [] }, 'cameras.list': [] },
    ],
    ['strangers list --limit 10001', 'too many are wanted'],
    [`strangers show ${sid}`, 'it was seen', { 'strangers.show': shown }],
    [
      `strangers show ${sid}`,
      'others are similar',
      {
        'strangers.show': {
          ...shown,
          ...strangers[1],
          visits: 1,
          similar: [{ stranger: 's-9', similarity: 0.71239 }],
        },
      },
    ],
    [`strangers show ${sid}`, 'it is set aside', { 'strangers.show': { ...shown, ...strangers[2] } }],
    [`strangers show ${sid} --json`, 'a program asks', { 'strangers.show': shown }],
    [`strangers show ${sid} --json --picture`, 'a picture needs a file'],
    ['strangers show s-dd', 'it is the beginning of an id', { ...read, 'strangers.show': shown }],
    ['strangers show s-c', 'it is too short', read],
    ['strangers show s-cc', 'it begins several ids', read],
    [
      'strangers show s-zz',
      'it begins more than five ids',
      {
        'strangers.list': {
          items: [...'bcdefg'].map((letter) => ({ ...stranger, id: `s-zz${letter.repeat(24)}` })),
        },
      },
    ],
    [
      `strangers merge ${sid} s-dd --yes`,
      'they exist',
      { ...read, 'strangers.merge': { ...stranger, visits: 1 } },
    ],
    [
      `strangers merge ${sid} s-dd s-ee --yes --json`,
      'a program asks',
      { ...read, 'strangers.merge': stranger },
    ],
    [`strangers merge ${sid} s-dd s-ee`, 'nobody can confirm it', read],
    [
      `strangers split ${sid} --passages g-1 g-2`,
      'they are its own',
      { 'strangers.split': { id: 's-n', passages: 2 } },
    ],
    [
      `strangers split ${sid} --passages g-1 --json`,
      'a program asks',
      { 'strangers.split': { id: 's-n', passages: 1 } },
    ],
    [`strangers split ${sid}`, 'no passages are given'],
    [`strangers ignore ${sid}`, 'it is known', { 'strangers.ignore': strangers[1] }],
    [`strangers ignore ${sid} --undo`, 'it is ignored', { 'strangers.notice': stranger }],
    [`strangers ignore ${sid} --json`, 'a program asks', { 'strangers.ignore': { id: 's' } }],
    [`strangers discard ${sid} --yes`, 'it can come back', { 'strangers.discard': { forgottenAt: evening } }],
    [`strangers discard ${sid} --yes --final`, 'it is final', { 'strangers.discard': { pictures: 2 } }],
    [`strangers discard ${sid} --yes --final`, 'it had no pictures', { 'strangers.discard': {} }],
    [`strangers discard ${sid} --yes --json`, 'a program asks', { 'strangers.discard': {} }],
    [`strangers discard ${sid}`, 'nobody can confirm it', { 'strangers.show': shown }],
    [
      `strangers discard ${sid} --final`,
      'nobody can confirm it',
      { 'strangers.show': { ...shown, visits: 1, passages: 1 } },
    ],
    [`strangers restore ${sid}`, 'it was discarded', { 'strangers.restore': stranger }],
    [`strangers restore ${sid} --json`, 'a program asks', { 'strangers.restore': stranger }],
  ]);
});

describe('rollcall strangers assign', async () => {
  const consent = '--consent-basis consent --consent-date 2026-01-02 --consent-reference 7';
  const assigned = { outcome: 'assigned', person: ada, photographs: [usable()] };
  testCommands(await commandNamed('strangers'), expected, [
    [
      `strangers assign ${sid} --person ${id} --yes`,
      'it is that person',
      { 'strangers.assign': { ...assigned, resembles } },
    ],
    [
      `strangers assign ${sid} --person ${id} --passages g-1 g-2 --allow-duplicate --yes --json`,
      'a program asks',
      { 'strangers.assign': assigned },
    ],
    [
      `strangers assign ${sid} --name Ada ${consent} --yes`,
      'it is new',
      { 'strangers.enrol': { ...assigned, photographs: [] } },
    ],
    [
      `strangers assign ${sid} --name Ada ${consent} --yes`,
      'it is refused',
      { 'strangers.enrol': { outcome: 'refused', photographs: [usable(), refused] } },
    ],
    [
      `strangers assign ${sid} --name Ada ${consent} --yes`,
      'it resembles another',
      { 'strangers.enrol': { outcome: 'similar', personId: other, name: 'Bea', similarity: 0.8 } },
    ],
    [
      `strangers assign ${sid} --name Ada ${consent} --yes`,
      'the external id is taken',
      { 'strangers.enrol': { outcome: 'external-id-taken', personId: other } },
    ],
    [`strangers assign ${sid} --name Ada --yes`, 'there is no consent'],
    [`strangers assign ${sid} ${consent} --yes`, 'there is no name'],
    [`strangers assign ${sid} --person ${id}`, 'nobody can confirm it'],
  ]);
});
