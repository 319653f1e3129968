import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { webhookBody, webhookSignature } from '../../daemon/core/alerts/webhook.js';
import { alertSubjects } from '../../daemon/kernel/alerts/alert-rule.js';
import { alertFields } from '../../daemon/kernel/alerts/alert-template.js';
import { alertMessageOf } from '../support/alert-messages.js';

const page = readFileSync(new URL('../../docs/reference/alerts.md', import.meta.url), 'utf8');
const source = (name: string): string =>
  readFileSync(new URL(`../../daemon/core/alerts/${name}.ts`, import.meta.url), 'utf8');

/** The first block of the page in a language. */
function block(language: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page) ?? [];
  assert.ok(text !== undefined, `docs/reference/alerts.md has a block of ${language}`);
  return text;
}

/** The first column of the table under a heading. */
function firstColumn(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const cells = [...section.matchAll(/^\| (.+?) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`\{?([\w…-]+)\}?`/g)].map(([, word = '']) => word));
}

describe('docs/reference/alerts.md', () => {
  test('has an example that the daemon accepts', () => {
    const loaded = parseConfig(block('yaml'));
    assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems));
    assert.equal(loaded.config.alerts.rules.length, 6);
  });

  test('has rules that count strangers, as they are meant to be written', () => {
    const section = page.split(/^## /m).find((text) => text.startsWith('Rules that count')) ?? '';
    const [, rules = ''] = /```yaml\n(.*?)```/s.exec(section) ?? [];
    const loaded = parseConfig(`site: { id: office, timeZone: Europe/Paris }\ncameras: []\n${rules}`);
    assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems));
    assert.deepEqual(
      loaded.config.alerts.rules.map(({ threshold }) => threshold?.of),
      ['visits', 'cameras', 'strangers', undefined],
    );
  });

  test('lists every subject of a rule', () => {
    const [, ...listed] = firstColumn('What a rule can be about');
    assert.deepEqual(listed.toSorted(), alertSubjects.toSorted());
  });

  test('lists every field of templates', () => {
    assert.deepEqual(firstColumn('Templates').toSorted(), alertFields.toSorted());
  });

  test('lists every way in which a delivery fails', () => {
    const files = [
      'channel-errors',
      'channel-seal',
      'webhook',
      'email',
      'http-post',
      'service-channel',
      'alert-deliverer',
    ];
    const sources = files.map(source).join('\n');
    const codes = [...sources.matchAll(/'((?:channel|webhook|mail|service)-[a-z-]+)(?::[a-z-]+)?'/g)].map(
      ([, code = '']) => code,
    );
    const listed = firstColumn('When one does not arrive').filter((code) => !code.endsWith('…'));
    assert.ok(listed.length >= 18, `${listed.length} codes`);
    assert.deepEqual([...new Set(listed)].toSorted(), [...new Set(codes)].toSorted());
  });

  test('shows a body with the fields that are sent', () => {
    const shown = JSON.parse(block('json')) as { parts: object[] };
    const sent = JSON.parse(
      webhookBody(alertMessageOf(), { siteId: 'office', boxId: 'box-1' }),
    ) as typeof shown;
    assert.deepEqual(Object.keys(shown), Object.keys(sent));
    assert.deepEqual(Object.keys(shown.parts[0] ?? {}), Object.keys(sent.parts[0] ?? {}));
  });

  test('has code for receivers that accepts the alerts of the box and nothing else', async () => {
    const module: unknown = await import(`data:text/javascript,${encodeURIComponent(block('js'))}`);
    const { isFromTheBox } = module as {
      isFromTheBox: (headers: object, body: Buffer, secret: string, nowS?: number) => boolean;
    };
    const secret = 'a long secret that nobody guesses';
    const body = webhookBody(alertMessageOf(), { siteId: 'office', boxId: 'box-1' });
    const nowS = 1_772_442_600;
    const headers = {
      'rollcall-timestamp': String(nowS),
      'rollcall-signature': webhookSignature(Buffer.from(secret), String(nowS), body),
    };
    const bytes = Buffer.from(body);
    assert.equal(isFromTheBox(headers, bytes, secret, nowS), true);
    assert.equal(isFromTheBox(headers, bytes, secret, nowS + 301), false);
    assert.equal(isFromTheBox(headers, bytes, 'another secret', nowS), false);
    assert.equal(isFromTheBox(headers, Buffer.from(`${body} `), secret, nowS), false);
    const later = { ...headers, 'rollcall-timestamp': String(nowS + 300) };
    assert.equal(isFromTheBox(later, bytes, secret, nowS + 300), false);
    assert.equal(isFromTheBox({}, bytes, secret, nowS), false);
  });
});
