import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

const markup = '<img src="https://evil.example/a" onerror="globalThis.wasRun=1"><b>Eve</b>';

describe('hostile text in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('shows markup in names, notes and addresses as text, and sends nothing to other hosts', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const { client } = box.box;
    const [person] = box.seeded?.persons ?? [];
    assert.ok(person !== undefined);
    await client.call('persons.update', {
      id: person.id,
      name: markup,
      notes: markup,
    });
    await client.call('users.create', { userName: 'mallory', displayName: markup, role: 'viewer' });
    const { page, faults } = await box.open('admin', '/people');
    await page.getByText('<b>Eve</b>').first().waitFor();
    const places = ['/', '/attendance', '/events', '/passages', '/strangers', '/audit', '/system/users'];
    for (const path of [...places, `/people/${person.id}`, '/%3Cb%3EEve']) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
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
