import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { cast, portrait, samplePhotograph } from '../../scripts/virtual-camera/cast.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

const photographOf = (who: keyof typeof cast) => portrait(cast[who]);

describe('the people pages of the console', {
  skip: withoutBuild || withoutChromium,
  timeout: 240_000,
}, () => {
  test('find a person and show what the box has of them', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/people');
    const { page, faults } = opened;
    await page.getByRole('link', { name: /Lena Fischer/ }).waitFor();
    await page.getByText('8 of 8').waitFor();
    await page.locator('img.face').first().waitFor();
    await assertAccessible(opened);

    await page.getByLabel('Name or external id').fill('fisch');
    await page.waitForURL(/text=fisch/);
    await page.getByRole('link', { name: /Ada Byron/ }).waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: /Lena Fischer/ }).waitFor();
    await page.getByLabel('Mark').selectOption('Barred');
    await page.getByText('No person fits.').waitFor();
    await page.getByLabel('Mark').selectOption('With and without');
    await page.getByRole('link', { name: /Lena Fischer/ }).click();
    await page.getByRole('heading', { name: 'Lena Fischer', level: 1 }).waitFor();
    await page.getByText(/^Quality/).waitFor();
    await page.getByText('Told apart').first().waitFor();
    await assertAccessible(opened);

    await page.getByRole('button', { name: 'Change', exact: true }).click();
    const profile = page.getByRole('dialog', { name: 'Change the profile' });
    await profile.getByLabel('Groups').fill('team, night-shift');
    await profile.getByLabel('Mark').selectOption('watch');
    await profile.getByLabel('Reason of the mark').fill('test');
    await profile.getByLabel('Legal basis').selectOption('Consent');
    await profile.getByLabel('Reference').fill('form 7');
    await assertAccessible(opened);
    const id = page.url().split('/').at(-1) ?? '';
    await box.box.client.call('persons.update', { id, notes: 'written by another user' });
    await profile.getByRole('button', { name: 'Save' }).click();
    await profile.getByText('Code changed-meanwhile').waitFor();
    await profile.getByRole('button', { name: 'Load it anew' }).click();
    await page.getByText('written by another user').waitFor();
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await profile.getByLabel('Groups').fill('team, night-shift');
    await profile.getByRole('button', { name: 'Save' }).click();
    await page.getByText('night-shift, team').waitFor();
    assert.deepEqual(faults, []);
  });

  test('enrol a person from photographs, after the decisions that the box asks for', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/people/add');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Add from photographs' }).waitFor();
    const files = page.locator('input[type=file]');
    const group = { name: 'group.jpg', mimeType: 'image/jpeg', buffer: await readFile(samplePhotograph(6)) };
    await files.setInputFiles(group);
    await page.getByText(/^\d+ faces$/).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Leave out' }).click();

    await files.setInputFiles({ ...group, name: 'ada.jpg', buffer: await photographOf('ada') });
    await page.getByText(/^Usable/).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('A twin of Ada');
    await page.getByLabel('External id').fill('demo-2');
    await page.getByRole('button', { name: 'Enrol', exact: true }).click();
    await page.getByText('another person has this external id').waitFor();
    await page.getByLabel('External id').fill('');
    await page.getByRole('button', { name: 'Enrol', exact: true }).click();
    await page.getByText(/^Ada Byron · similarity/).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'They are two persons' }).click();
    await page.getByRole('heading', { name: 'A twin of Ada is enrolled' }).waitFor();
    await page.getByText(/^Accepted, quality/).waitFor();
    await page.getByRole('link', { name: 'Show the person' }).click();
    await page.getByText('May be mistaken').waitFor();
    assert.deepEqual(faults, []);
  });

  test('import a table, row by row, and store nothing before the user says so', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/people/import');
    const { page, faults } = opened;
    const files = page.getByLabel('The table and the photographs as files');
    const csv = (text: string) => ({ name: 'persons.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await files.setInputFiles([csv('nom;photographs\nMax;max.jpg\n')]);
    await page.getByText('unknown or appear twice: nom').waitFor();
    await assertAccessible(opened);

    const rows = ['Max "M" Muster;max.jpg', 'A twin of Ada;ada.jpg', 'Nobody;nobody.jpg'].map((row) =>
      row.replace(/^(.*);/, (_, name: string) => `"${name.replaceAll('"', '""')}";`),
    );
    const picture = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/jpeg', buffer });
    await files.setInputFiles([
      csv(`name;photographs\n${rows.join('\n')}\n`),
      picture('max.jpg', await photographOf('stranger')),
      picture('ada.jpg', await photographOf('ada')),
    ]);
    await page.getByText('1 row accepted, 2 refused').waitFor();
    await page.getByText('Max "M" Muster').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Why Nobody' }).click();
    await page.getByText('A photograph of this row is not among the files.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();

    // The import goes on while other pages show.
    await page.getByRole('link', { name: 'People', exact: true }).first().click();
    await page.getByText('8 of 8').waitFor();
    await page.getByRole('link', { name: 'Import many' }).click();
    await page.getByRole('button', { name: 'Why A twin of Ada' }).click();
    await page.getByText(/^Ada Byron · similarity/).waitFor();
    await page.getByRole('button', { name: 'They are two persons' }).click();
    await page.getByText('2 rows accepted, 1 refused').waitFor();
    await page.getByLabel('Leave out the refused row').check();
    await page.getByRole('button', { name: 'Enrol 2 persons' }).click();
    await page.getByRole('dialog').getByText('The refused row is left out.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Enrol 2 persons' }).click();
    await page.getByText('2 persons are enrolled.').waitFor();
    await page.getByRole('link', { name: 'Show them' }).click();
    await page.getByText('10 of 10').waitFor();
    assert.deepEqual(faults, []);
  });
});
