import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

const sections = (port: number): string => `${demoSections(port)}api: { secondPerson: [identity] }\n`;
const ownPassword = 'nine copper kettles under a slow moon';

/** The field that shows a secret once. */
const secretIn = (page: Page, label: string): Promise<string> => page.getByLabel(label).inputValue();

describe('users, roles, keys and approvals in the console', {
  skip: withoutBuild || withoutChromium,
  timeout: 300_000,
}, () => {
  test('let an administrator make another one, who is the second person', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser, sections });
    const admin = await box.open('admin', '/system');
    const { page } = admin;

    await page.getByRole('heading', { name: 'System', level: 1 }).waitFor();
    await assertAccessible(admin);
    await page
      .getByRole('navigation', { name: 'Pages of the system' })
      .getByText('Users', { exact: true })
      .click();
    await page.getByRole('link', { name: 'test-operator' }).waitFor();
    await assertAccessible(admin);

    await page.getByRole('button', { name: 'Add a user' }).click();
    await page.getByLabel('User name').fill('grace');
    await page.getByLabel('Role').last().selectOption('admin');
    await assertAccessible(admin);
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('heading', { name: 'Password of grace' }).waitFor();
    await assertAccessible(admin);
    const password = await secretIn(page, 'Password for the first login');
    await page.getByRole('button', { name: 'I have noted it' }).click();
    await page.getByRole('link', { name: 'grace' }).waitFor();
    assert.equal((await page.content()).includes(password), false, 'the page forgets the password');

    const grace = await box.openUnknown('/system/approvals');
    await grace.page.getByLabel('User name').fill('grace');
    await grace.page.getByLabel('Password').fill(password);
    await grace.page.getByRole('button', { name: 'Log in', exact: true }).click();
    await grace.page.getByLabel('Present password').fill(password);
    await grace.page.getByLabel('New password').fill(ownPassword);
    await grace.page.getByRole('button', { name: 'Change the password' }).click();
    await grace.page.getByText('No request waits for a second person.').waitFor();

    await page.goto('/system/identity');
    const fingerprint = await page.locator('.facts code').first().textContent();
    await assertAccessible(admin);
    await page.getByRole('button', { name: 'Rotate the key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate the key' }).click();
    await page.getByText('Code approval-required').waitFor();
    await grace.page.getByRole('heading', { name: 'Rotate the key that signs events' }).waitFor();
    await assertAccessible(grace);
    await grace.page.getByRole('button', { name: 'Approve' }).click();
    await grace.page.getByRole('dialog').getByText('test-admin').first().waitFor();
    await grace.page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await grace.page.getByText('Approved. test-admin can do it now.').waitFor();

    await page.getByRole('link', { name: 'Show what waits for a second person' }).click();
    await page.getByText('Now do exactly the same again').waitFor();
    await page.goto('/system/identity');
    await page.getByRole('button', { name: 'Rotate the key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate the key' }).click();
    await page.getByRole('heading', { name: 'Former keys' }).waitFor();
    assert.notEqual(await page.locator('.facts code').first().textContent(), fingerprint);

    await page.getByRole('button', { name: 'Trust a key' }).click();
    await page.getByLabel('Centre', { exact: true }).fill('head-office');
    const { publicKey } = generateKeyPairSync('ed25519');
    await page.getByLabel('Public key').fill(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    await page.getByLabel('Read persons').check();
    await assertAccessible(admin);
    await page.getByRole('dialog').getByRole('button', { name: 'Trust a key' }).click();
    await page.getByRole('listitem').filter({ hasText: 'head-office' }).waitFor();
    await page.getByRole('button', { name: 'End the trust' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End the trust' }).click();
    await page.getByText('The box trusts no centre').waitFor();
    assert.deepEqual([...admin.faults, ...grace.faults], []);
  });
});
