import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Long work is rare where people do it. */
const sections = (port: number): string => `${demoSections(port)}api: { limits: { heavy: 60 } }\n`;
const passphrase = 'seven wet umbrellas by the door';

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

async function useGallery(box: ConsoleBox): Promise<void> {
  const opened = await box.open('admin', '/system/gallery');
  const { page, faults } = opened;
  await section(page, 'Status').getByText('Open', { exact: true }).waitFor();
  await assertAccessible(opened);

  await section(page, 'Verification').getByRole('button', { name: 'Start verification' }).click();
  await section(page, 'Verification').getByText('Intact', { exact: true }).first().waitFor();
  await section(page, 'Calibration').getByRole('button', { name: 'Start calibration' }).click();
  await section(page, 'Calibration').getByText('General threshold').waitFor();

  // The result is there when the user comes back to the page.
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByRole('heading', { name: 'Users', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Gallery and keys' }).click();
  await section(page, 'Verification').getByText('Intact', { exact: true }).first().waitFor();

  const key = await section(page, 'Keys').locator('code').textContent();
  await section(page, 'Keys').getByRole('button', { name: 'Rotate key' }).click();
  await page.getByLabel('Source of the new key').selectOption('passphrase');
  await page.getByLabel('New passphrase').fill(passphrase);
  await page.getByLabel('Repeat passphrase').fill(`${passphrase}s`);
  await page.getByText('The passphrases do not match.').waitFor();
  await assertAccessible(opened);
  await page.getByLabel('Repeat passphrase').fill(passphrase);
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate key' }).click();
  await section(page, 'Keys').getByText('Finished').waitFor();
  await section(page, 'Keys').getByText('Passphrase', { exact: true }).waitFor();
  assert.notEqual(await section(page, 'Keys').locator('code').textContent(), key);

  // After a restart the gallery is sealed until the passphrase comes.
  await box.box.stop();
  await page.getByText('The box does not answer').first().waitFor();
  await box.box.start();
  const unlock = section(page, 'Unlock gallery');
  await unlock.getByLabel('Passphrase').fill('not the passphrase at all');
  await unlock.getByRole('button', { name: 'Unlock gallery' }).click();
  await page.getByText('The gallery is still sealed.').waitFor();
  await assertAccessible(opened);
  await unlock.getByLabel('Passphrase').fill(passphrase);
  await unlock.getByRole('button', { name: 'Unlock gallery' }).click();
  await section(page, 'Status').getByText('Open', { exact: true }).waitFor();
  assert.deepEqual(faults, []);
}

async function useBackups(box: ConsoleBox, directory: string): Promise<void> {
  const opened = await box.open('admin', '/system/backups');
  const { page, faults } = opened;
  const made = section(page, 'Backup on this box');
  await made.getByText('There is no backup on this box.').waitFor();
  await assertAccessible(opened);

  await made.getByRole('button', { name: 'Create backup' }).click();
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByLabel('Repeat passphrase').fill(passphrase);
  await assertAccessible(opened);
  await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
  const downloading = page.waitForEvent('download');
  await made.getByRole('button', { name: /^Download/ }).click();
  const path = join(directory, 'gallery.rcb');
  await (await downloading).saveAs(path);
  await made.getByText(await sha256Of(path)).waitFor();

  await made.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await made.getByText('There is no backup on this box.').waitFor();

  const upload = section(page, 'Upload backup');
  await upload.getByLabel('Backup file').setInputFiles(path);
  await upload.getByRole('button', { name: 'Upload' }).click();
  await upload.getByRole('button', { name: 'Check' }).click();
  // The box has no recovery key, so its backup can only have a passphrase.
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('dialog').getByRole('button', { name: 'Check' }).click();
  await section(page, 'The backup is intact')
    .getByText(await sha256Of(path))
    .waitFor();
  await upload.getByRole('button', { name: 'Restore' }).click();
  await page.getByLabel('Passphrase', { exact: true }).fill('a passphrase of another box');
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'Replace gallery' }).click();
  await page.getByText('Code backup-wrong-secret').waitFor();

  await upload.getByRole('button', { name: 'Restore' }).click();
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('button', { name: 'Replace gallery' }).click();
  await section(page, 'Gallery restored').getByText('From the backup').waitFor();
  await assertAccessible(opened);
  assert.deepEqual(faults, []);
}

describe('the gallery, its keys and backups in the console', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('are verified, calibrated, rotated, unlocked, backed up and restored', async () => {
    await using directory = await temporaryDirectory();
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser, sections });
    await useGallery(box);
    await useBackups(box, directory.path);
  });
});
