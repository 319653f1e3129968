import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { operation } from '../../daemon/contract/operation.js';
import { says } from '../../daemon/contract/said.js';
import { badInput } from '../../daemon/kernel/errors.js';
import { said } from '../../daemon/kernel/said.js';
import { inEnglish } from '../../daemon/words/language.js';
import { startOperationsServer } from '../support/operations-server.js';

const thing = z.object({ id: z.string(), remedy: z.string(), says: says('remedy') });
const shared = {
  method: 'GET',
  summary: 'Look at things.',
  errors: ['thing-damaged'],
  scope: 'events:read',
  rate: 'default',
} as const;
const operations = {
  'things.list': operation({ ...shared, path: '/things', answer: { kind: 'page', item: thing } }),
  'things.first': operation({ ...shared, path: '/things/first', answer: { kind: 'json', schema: thing } }),
  'things.follow': operation({ ...shared, path: '/things/follow', answer: { kind: 'lines', item: thing } }),
  'things.damaged': operation({
    ...{ ...shared, path: '/things/damaged', answer: { kind: 'json', schema: thing } },
  }),
};
const lightRemedy = { remedy: said('passages/remedy-light') };
const first = { id: 't-1', ...inEnglish(lightRemedy) };
const handlers = {
  'things.list': () => ({ items: [first] }),
  'things.first': () => first,
  async *'things.follow'() {
    yield first;
  },
  'things.damaged': () => {
    const texts = inEnglish(lightRemedy);
    throw badInput('thing-damaged', 'the thing is damaged', texts);
  },
};
const [english, german] = [
  'Change the light at the camera, or its exposure.',
  'Ändern Sie das Licht an der Kamera oder ihre Belichtung.',
];

describe('an answer', () => {
  test('has its texts in the language of the request, and says which one that is', async () => {
    await using server = await startOperationsServer({ operations, handlers });
    for (const [asked, tag, text] of [
      [undefined, 'en', english],
      ['de-AT, en;q=0.5', 'de', german],
      ['tlh', 'en', english],
    ] as const) {
      const headers: Record<string, string> = asked === undefined ? {} : { 'accept-language': asked };
      for (const path of ['/things', '/things/first', '/things/follow', '/things/damaged']) {
        const { body, headers: answered } = await server.ask('GET', path, { as: 'eva', headers });
        assert.ok(body.includes(`"remedy":"${text}"`), `${asked} ${path}: ${body}`);
        assert.ok(body.includes('"says":{"remedy":{"code":"passages/remedy-light"}}'), `${path}: ${body}`);
        assert.match(String(answered['vary']), /accept-language/i, path);
        if (path !== '/things/follow') assert.equal(answered['content-language'], tag, path);
      }
    }
  });
});
