import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, type WatchedPage, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

const sections = (port: number): string => `${demoSections(port)}api: { secondPerson: [identity] }\n`;
const ownPassword = 'nine copper kettles under a slow moon';

/** The field that shows a secret once. */
const secretIn = (page: Page, label: string): Promise<string> => page.getByLabel(label).inputValue();

/** Does what needs a second person because it is about accounts: a person on the box approves it, and it is done again. */
async function actTogether(box: ConsoleBox, page: Page, name: string): Promise<void> {
  const { client } = box.box;
  const button = page.getByRole('dialog').getByRole('button', { name });
  await button.click();
  await page.getByText('Code approval-required').waitFor();
  const { items } = await client.call('approvals.list');
  const waiting = items.find((each) => each.class === 'users' && each.state === 'waiting');
  await client.call('approvals.approve', { id: waiting?.id ?? '' });
  await button.click();
}

/** A custom role, and an API key with one of its scopes. */
async function makeRoleAndKey(box: ConsoleBox, admin: WatchedPage): Promise<void> {
  const { page } = admin;
  await page.goto('/system/roles');
  await page.getByRole('button', { name: 'Add role' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('porter');
  await page.getByLabel('Read events').check();
  await assertAccessible(admin);
  await actTogether(box, page, 'Create role');
  await page.getByRole('region', { name: 'porter' }).getByText('1 permission · no users').waitFor();
  await assertAccessible(admin);

  await page.goto('/system/api-keys');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByLabel('Label').fill('payroll');
  await page.getByLabel('View attendance reports').check();
  await actTogether(box, page, 'Create API key');
  await page.getByRole('button', { name: 'I have saved it' }).waitFor();
  const secret = await secretIn(page, 'API key');
  const ask = (): Promise<number> =>
    page.evaluate(async (key) => {
      const headers = { authorization: `Bearer ${key}` };
      return (await fetch('/api/v1/auth/me', { headers, credentials: 'omit' })).status;
    }, secret);
  assert.equal(await ask(), 200);
  await page.getByRole('button', { name: 'I have saved it' }).click();
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('There are no API keys.').waitFor();
  assert.equal(await ask(), 401);
}

/** Two administrators change one account: the second one is told. */
async function changeTogether(box: ConsoleBox, first: WatchedPage, second: WatchedPage): Promise<void> {
  for (const { page } of [first, second]) {
    await page.goto('/system/users');
    await page.getByRole('link', { name: 'test-viewer' }).click();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
  }
  await assertAccessible(first);
  await first.page.getByLabel('Disabled: the user cannot log in').check();
  await first.page.getByRole('button', { name: 'Save changes' }).click();
  await first.page.getByText('Disabled', { exact: true }).waitFor();
  await assertAccessible(first);
  await second.page.getByLabel('Display name').fill('Vera');
  await actTogether(box, second.page, 'Save changes');
  await second.page.getByText('Code changed-meanwhile').waitFor();
  await second.page.getByRole('button', { name: 'Reload' }).click();
  await second.page.getByText('Disabled', { exact: true }).waitFor();
}

/** Adds a second administrator, who logs in with a password of their own. */
async function addAdministrator(box: ConsoleBox, admin: WatchedPage): Promise<WatchedPage> {
  const { page } = admin;
  await page.getByRole('heading', { name: 'System', level: 1 }).waitFor();
  await assertAccessible(admin);
  await page.getByRole('navigation', { name: 'System pages' }).getByText('Users', { exact: true }).click();
  await page.getByRole('link', { name: 'test-operator' }).waitFor();
  await assertAccessible(admin);

  await page.getByRole('button', { name: 'Add user' }).click();
  await page.getByLabel('User name').fill('grace');
  await page.getByLabel('Role').last().selectOption('admin');
  await assertAccessible(admin);
  await actTogether(box, page, 'Create account');
  await page.getByRole('heading', { name: 'Password for grace' }).waitFor();
  await assertAccessible(admin);
  const password = await secretIn(page, 'Initial password');
  await page.getByRole('button', { name: 'I have saved it' }).click();
  await page.getByRole('link', { name: 'grace' }).waitFor();
  assert.equal((await page.content()).includes(password), false, 'the page forgets the password');

  const grace = await box.openUnknown('/system/approvals');
  await grace.page.getByLabel('User name').fill('grace');
  await grace.page.getByLabel('Password').fill(password);
  await grace.page.getByRole('button', { name: 'Log in', exact: true }).click();
  await grace.page.getByLabel('Current password').fill(password);
  await grace.page.getByLabel('New password').fill(ownPassword);
  await grace.page.getByRole('button', { name: 'Change password' }).click();
  await grace.page.getByRole('heading', { name: 'Approvals', level: 1 }).waitFor();
  return grace;
}

/** One administrator asks for a new key of the box, the other one approves it. */
async function rotateTogether(admin: WatchedPage, grace: WatchedPage): Promise<void> {
  const { page } = admin;
  await page.goto('/system/identity');
  const fingerprint = await page.locator('.facts code').first().textContent();
  await assertAccessible(admin);
  await page.getByRole('button', { name: 'Rotate key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate key' }).click();
  await page.getByText('Code approval-required').waitFor();
  await grace.page.getByRole('heading', { name: 'Rotate the signing key for events' }).waitFor();
  await assertAccessible(grace);
  await grace.page.getByRole('button', { name: 'Approve' }).click();
  await grace.page.getByRole('dialog').getByText('test-admin').first().waitFor();
  await grace.page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  // Grace logged in before the request: an approval needs a newer proof.
  const proof = grace.page.getByRole('dialog', { name: 'Confirm your identity' });
  await proof.getByLabel('Password').fill(ownPassword);
  await proof.getByRole('button', { name: 'Confirm' }).click();
  await grace.page.getByText('Approved. test-admin can now repeat the action.').waitFor();

  await page.getByRole('link', { name: 'Show pending approvals' }).click();
  await page.getByText('Repeat the action with the same values now.').waitFor();
  await page.goto('/system/identity');
  await page.getByRole('button', { name: 'Rotate key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate key' }).click();
  await page.getByRole('heading', { name: 'Previous keys' }).waitFor();
  assert.notEqual(await page.locator('.facts code').first().textContent(), fingerprint);
}

/** Trusts a key of a centre, and ends that. */
async function trustCentre(admin: WatchedPage): Promise<void> {
  const { page } = admin;
  await page.getByRole('button', { name: 'Trust key' }).click();
  await page.getByLabel('Centre', { exact: true }).fill('head-office');
  const { publicKey } = generateKeyPairSync('ed25519');
  await page.getByLabel('Public key').fill(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  await page.getByLabel('View people').check();
  await assertAccessible(admin);
  await page.getByRole('dialog').getByRole('button', { name: 'Trust key' }).click();
  await page.getByRole('listitem').filter({ hasText: 'head-office' }).waitFor();
  await page.getByRole('button', { name: 'Stop trusting key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop trusting key' }).click();
  await page.getByText('No centres are trusted').waitFor();
}

describe('users, roles, keys and approvals in the console', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('are made and changed, by two users where the box asks for a second person', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser, sections });
    for (const role of ['operator', 'viewer']) await box.addAccount(role);
    const admin = await box.open('admin', '/system');

    const grace = await addAdministrator(box, admin);
    await rotateTogether(admin, grace);
    await trustCentre(admin);
    await makeRoleAndKey(box, admin);
    await changeTogether(box, admin, grace);
    assert.deepEqual([...admin.faults, ...grace.faults], []);
  });
});
