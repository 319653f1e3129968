import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, differenceFrom, startBrowser, withoutChromium } from '../support/browser.js';
import { root } from '../support/built.js';
import { startConsoleBox } from '../support/console-box.js';

/** Of grey values; the same page on another machine has other fonts. */
const mostDifference = 4;

describe('the entry of the console', { skip: withoutBuild || withoutChromium }, () => {
  test('claims a new box, logs out and in again, and shows no page without a login', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'new', browser });
    const opened = await box.openUnknown('/people');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await assertAccessible(opened);
    await page.setViewportSize({ width: 1280, height: 800 });

    await page.getByRole('link', { name: 'Create the first administrator' }).click();
    await page.getByRole('heading', { name: 'Claim this box' }).waitFor();
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('New password').fill('anna');
    await page.getByText('At least 12 characters (4 now)').waitFor();
    await assertAccessible(opened);
    const login = join(root, 'docs/tour/login.webp');
    assert.ok((await differenceFrom(opened, login)) > mostDifference, 'another page looks different');
    await page.getByLabel('Claim secret').fill('not the secret of this box');
    await page.getByLabel('New password').fill('seven lanterns over a quiet harbour');
    await page.getByRole('button', { name: 'Create administrator and log in' }).click();
    await page.getByText('Code claim-refused').waitFor();

    const { secret } = await box.box.client.call('users.claim');
    await page.getByLabel('Claim secret').fill(secret);
    await page.getByRole('button', { name: 'Create administrator and log in' }).click();
    await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/');

    await page.route('**/api/v1/auth/logout', (route) => route.abort());
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('The box has not confirmed that your session has ended').waitFor();
    await assertAccessible(opened);
    await page.reload();
    await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('The box has not confirmed that your session has ended').waitFor();
    await page.unroute('**/api/v1/auth/logout');
    await page.getByRole('button', { name: 'Log out again' }).click();
    await page.getByText('The box has not confirmed').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    assert.ok(
      (await differenceFrom(opened, login)) < mostDifference,
      'the login looks as in docs/tutorial/console.md',
    );
    await page.getByLabel('User name').fill('anna');
    const claim = page.getByRole('link', { name: 'Create the first administrator' });
    assert.equal(await claim.count(), 0, 'the box is new no more');
    await page.getByLabel('Password').fill('a wrong password');
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByText('Code login-refused').waitFor();
    await page.getByLabel('Password').fill('seven lanterns over a quiet harbour');
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();

    // A session that ends in the middle of a form: the same user goes on with what was typed.
    await page.goto('/system/users');
    await page.getByRole('button', { name: 'Add user' }).click();
    await page.getByLabel('User name').fill('berta');
    await opened.context.clearCookies();
    await page.getByRole('button', { name: 'Create account' }).click();
    const again = page.getByRole('dialog', { name: 'Log in again' });
    await again.getByText('What you have entered is still here').waitFor();
    // A browser closes a dialog that ignores Escape once.
    for (let times = 1; times <= 4; times += 1) await page.keyboard.press('Escape');
    await again.getByText('What you have entered is still here').waitFor();
    await assertAccessible(opened);
    assert.equal(await again.getByLabel('User name').inputValue(), 'anna');
    await again.getByLabel('Password').fill('seven lanterns over a quiet harbour');
    await again.getByRole('button', { name: 'Log in', exact: true }).click();
    const made = page.getByRole('dialog', { name: 'Password for berta' });
    const password = await made.getByLabel('Initial password').inputValue();
    await made.getByRole('button', { name: 'I have saved it' }).click();

    // Another user gets a fresh page.
    await opened.context.clearCookies();
    await page.getByRole('link', { name: 'Unknown people' }).click();
    await again.getByLabel('User name').fill('berta');
    await again.getByLabel('Password').fill(password);
    await again.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByRole('heading', { name: 'Choose your own password' }).waitFor();

    // The box is away when the console opens: this is said, and heals by itself.
    await box.box.stop();
    await page.reload();
    await page.getByRole('heading', { name: 'The box does not answer' }).waitFor();
    await assertAccessible(opened);
    await box.box.start();
    await page.getByRole('heading', { name: 'Choose your own password' }).waitFor();
    assert.deepEqual(faults, []);
  });
});
