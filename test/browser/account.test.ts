import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generate } from 'otplib';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, limitedOperator, startConsoleBox } from '../support/console-box.js';

describe('the start page and the account', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('show what goes on, set up a second factor in two languages, and wait for a box that does not answer', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/');
    const { page, faults } = opened;
    await page.getByText('The box and its cameras are working.').waitFor();
    await page.getByRole('link', { name: 'Front door' }).waitFor();
    await page.getByRole('heading', { name: 'Present' }).waitFor();
    await assertAccessible(opened);
    await limitedToOneCamera(box);

    await page.getByRole('link', { name: 'Demo operator' }).click();
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    await page.getByText('You have no passkeys.').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Set up authenticator' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set up authenticator' });
    await dialog.getByRole('img', { name: /QR code/ }).waitFor();
    await assertAccessible(opened);
    const secret = await dialog.locator('code').innerText();
    // On the phone that has the app, nobody scans its own screen.
    const link = await dialog.getByRole('link', { name: 'Open authenticator app' }).getAttribute('href');
    assert.equal(new URL(link ?? '').searchParams.get('secret'), secret.replaceAll(' ', ''));
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await dialog.getByRole('button', { name: 'Copy secret' }).click();
    await dialog.getByText('Copied.').waitFor();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret);
    await dialog.getByLabel('Code from the app').fill('000000');
    await dialog.getByRole('button', { name: 'Turn on' }).click();
    await dialog.getByText('Code code-refused').waitFor();
    await dialog.getByLabel('Code from the app').fill(await generate({ secret }));
    await dialog.getByRole('button', { name: 'Turn on' }).click();
    const codes = page.getByRole('dialog', { name: 'Recovery codes' });
    const recovery = await codes.locator('code').first().innerText();
    await codes.getByRole('button', { name: 'I have saved them' }).click();
    await page.getByText('10 recovery codes are left').waitFor();

    await page.getByLabel('Language').selectOption('de');
    await page.getByLabel('Theme in this browser').selectOption('dark');
    await page.getByRole('button', { name: 'Save preferences' }).click();
    await page.getByRole('heading', { name: 'Ihr Konto' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Ihr Konto' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');

    // A phone: the pages are behind a button, and nothing is wider than the screen.
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('button', { name: 'Menü' }).click();
    await page.getByRole('link', { name: 'Übersicht' }).click();
    await page.getByText('Die Box und ihre Kameras laufen.').waitFor();
    assert.equal(await isWiderThanScreen(opened), false);
    // From right to left, as a language yet to come would want it: the frame and the tiles turn round and still fit.
    const head = page.getByRole('button', { name: 'Menü' });
    const leftToRight = await head.boundingBox();
    await page.evaluate("document.documentElement.dir = 'rtl'");
    assert.equal(await isWiderThanScreen(opened), false);
    const rightToLeft = await head.boundingBox();
    assert.ok(
      leftToRight && rightToLeft && Math.abs(leftToRight.x + leftToRight.width + rightToLeft.x - 360) < 2,
    );
    await page.evaluate("document.documentElement.dir = 'ltr'");

    // The recovery code is the second factor of the next login, once.
    await page.getByRole('button', { name: 'Menü' }).click();
    await page.getByRole('button', { name: 'Abmelden' }).click();
    const { password } = box.credentialsOf('operator');
    await page.getByLabel('Benutzername').fill('demo-operator');
    await page.getByLabel('Passwort').fill(password);
    await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
    await page.getByLabel('Code aus der Authenticator-App').fill(recovery);
    await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
    await page.getByText('Die Box und ihre Kameras laufen.').waitFor();
    assert.deepEqual(faults, []);

    await box.box.stop();
    const lost = page.getByText('Die Box antwortet nicht. Die Konsole versucht es von selbst erneut');
    await lost.waitFor();
    await box.box.start();
    await lost.waitFor({ state: 'detached' });
    await page.getByText('Die Box und ihre Kameras laufen.').waitFor();
  });
});

/** Who sees one camera is offered nothing that the box refuses: attendance counts at all of them. */
async function limitedToOneCamera(box: ConsoleBox): Promise<void> {
  const { page, context, faults } = await box.open(limitedOperator, '/');
  await page.getByRole('link', { name: 'Front door' }).waitFor();
  await page
    .getByText('In the last hour')
    .or(page.getByText('No unknown people in the last hour.'))
    .waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  assert.equal(await page.getByRole('heading', { name: 'Present' }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'Attendance' }).count(), 0);
  await page.goto('/attendance');
  await page.getByText('your account is limited to some of them').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
}
