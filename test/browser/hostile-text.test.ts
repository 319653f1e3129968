import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

/** As long as names may be, and nowhere to break. */
const long = (mostLetters: number) => 'Wolfeschlegelsteinhausenbergerdorff'.repeat(6).slice(0, mostLetters);

const markup = '<img src="https://evil.example/a" onerror="globalThis.wasRun=1"><b>Eve</b>';

describe('hostile text in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('shows markup and endless words in names, notes and addresses as text, and sends nothing to other hosts', async () => {
    await using browser = await startBrowser();
    const camera = `  - { id: long, name: ${long(100)}, url: "rtsp://127.0.0.1/long", enabled: false }\n`;
    await using box = await startConsoleBox({
      ...{ content: 'past', browser },
      sections: (port) => demoSections(port, camera),
    });
    const { client } = box.box;
    const [person, other] = box.seeded?.persons ?? [];
    assert.ok(person !== undefined && other !== undefined);
    await client.call('persons.update', {
      ...{
        id: other.id,
        name: long(200),
        externalId: long(100),
        notes: long(200),
        groups: [long(60).toLowerCase()],
      },
      watch: { mark: 'watch', reason: long(100) },
    });
    await client.call('persons.update', {
      id: person.id,
      name: markup,
      notes: markup,
    });
    await client.call('users.create', { userName: 'mallory', displayName: markup, role: 'viewer' });
    const named = { userName: long(64).toLowerCase(), displayName: long(100), role: 'viewer' };
    const { user } = await client.call('users.create', named);
    const opened = await box.open('admin', '/people');
    const { page, faults } = opened;
    await page.getByText('<b>Eve</b>').first().waitFor();
    const places = [
      '/',
      '/attendance',
      '/events',
      '/passages',
      '/timeline',
      '/review',
      '/strangers',
      '/audit',
      '/system/users',
    ];
    const pages = [
      `/people/${person.id}`,
      `/people/${other.id}`,
      `/attendance/persons/${other.id}`,
      '/cameras/long',
    ];
    const lists = ['/people/change', '/cameras', '/live', '/system/screens', `/system/users/${user.id}`];
    for (const path of [...places, ...pages, ...lists, '/%3Cb%3EEve']) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        assert.equal(await isWiderThanScreen(opened), false, `${path} at ${width} pixels`);
      }
    }
    assert.equal(await page.evaluate('globalThis.wasRun'), undefined);
    assert.equal(faults.join('\n'), '');

    // Even a script that got into the page reaches no other host, and adds no code.
    const tried = await page.evaluate(`(async () => {
      const forbidden = [];
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => forbidden.push(effectiveDirective));
      const sent = await fetch('https://evil.example/', { mode: 'no-cors' }).then(() => 'sent', () => 'refused');
      const picture = new Image();
      picture.src = 'https://evil.example/a.png';
      const inline = document.createElement('script');
      inline.textContent = 'globalThis.wasRun = 1';
      document.body.append(picture, inline);
      await new Promise((resolve) => { picture.onerror = resolve; });
      return { sent, forbidden: [...new Set(forbidden)].sort() };
    })()`);
    assert.deepEqual(tried, { sent: 'refused', forbidden: ['connect-src', 'img-src', 'script-src-elem'] });
    assert.equal(await page.evaluate('globalThis.wasRun'), undefined);
    // The browser notes both: that it was about to ask, and that the policy forbade it.
    const noted = faults.filter((fault) => !/Content Security Policy/.test(fault));
    assert.deepEqual(noted, ['request to https://evil.example/a.png: csp']);
  });
});
