import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import type { Browser } from 'playwright-core';
import { cast, portrait, samplePhotograph } from '../../scripts/virtual-camera/cast.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

const photographOf = (who: keyof typeof cast) => portrait(cast[who]);

describe('the people pages of the console', {
  skip: withoutBuild || withoutChromium,
}, () => {
  let browser: Browser;
  let box: ConsoleBox;
  before(async () => {
    browser = await startBrowser();
    box = await startConsoleBox({ content: 'past', browser });
  });
  after(async () => {
    await box[Symbol.asyncDispose]();
    await browser.close();
  });

  test('find a person and show what the box has of them', async () => {
    const opened = await box.open('operator', '/people');
    const { page, faults } = opened;
    await page.getByRole('link', { name: /Lena Fischer/ }).waitFor();
    await page.getByText('8 of 8').waitFor();
    await page.locator('img.face-small').first().waitFor();
    await assertAccessible(opened);

    await page.getByLabel('Name or external ID').fill('fisch');
    await page.waitForURL(/text=fisch/);
    await page.getByRole('link', { name: /Ada Byron/ }).waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: /Lena Fischer/ }).waitFor();
    await page.getByLabel('Lists').selectOption('On the blocklist');
    await page.getByText('No one matches these filters.').waitFor();
    await page.getByLabel('Lists').selectOption('Everyone');
    await page.getByLabel('Consent').selectOption('Withdrawn');
    await page.waitForURL(/state=removed/);
    await page.getByText('No one matches these filters.').waitFor();
    await page.getByLabel('Consent').selectOption('Any');
    await page.getByLabel('State').selectOption('Active');
    await page.getByRole('link', { name: /Lena Fischer/ }).click();
    await page.getByRole('heading', { name: 'Lena Fischer', level: 1 }).waitFor();
    await page.getByText(/^Quality/).waitFor();
    await page.getByText('Can be told apart').first().waitFor();
    await assertAccessible(opened);

    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    const profile = page.getByRole('dialog', { name: 'Edit profile' });
    await profile.getByLabel('Groups').fill('team, night-shift');
    await profile.getByLabel('List', { exact: true }).selectOption('watch');
    await profile.getByLabel('Reason for listing').fill('test');
    await profile.getByLabel('Legal basis').selectOption('Consent');
    await profile.getByLabel('Reference').fill('form 7');
    await assertAccessible(opened);
    const id = page.url().split('/').at(-1) ?? '';
    await box.box.client.call('persons.update', { id, notes: 'written by another user' });
    await profile.getByRole('button', { name: 'Save profile' }).click();
    await profile.getByText('Code changed-meanwhile').waitFor();
    await profile.getByRole('button', { name: 'Reload' }).click();
    await page.getByText('written by another user').waitFor();
    // What was typed is back, and what the other user wrote stays.
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await profile.getByText('Someone else has changed this since you started.').waitFor();
    assert.equal(await profile.getByLabel('Notes').inputValue(), 'written by another user');
    await profile.getByRole('button', { name: 'Save profile' }).click();
    await page.getByText('night-shift, team').waitFor();
    await page.getByText('written by another user').waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of [page.url(), '/people', '/people/add', '/people/import']) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      // A busy box never leaves the network idle: the state asks again before that.
      await page.locator('main .loading').first().waitFor({ state: 'detached' });
      assert.ok(!(await isWiderThanScreen(opened)), path);
    }
    assert.deepEqual(faults, []);
  });

  test('enrol a person from photographs, after the decisions that the box asks for', async () => {
    const opened = await box.open('operator', '/people/add');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Add from photos' }).waitFor();
    const files = page.locator('input[type=file]');
    const group = { name: 'group.jpg', mimeType: 'image/jpeg', buffer: await readFile(samplePhotograph(6)) };
    await files.setInputFiles(group);
    await page.getByText(/^\d+ faces$/).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Remove photo' }).click();

    await files.setInputFiles({ ...group, name: 'ada.jpg', buffer: await photographOf('ada') });
    await page.getByText(/^Usable/).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('A twin of Ada');
    await page.getByLabel('External ID').fill('demo-2');
    await page.getByRole('button', { name: 'Enrol person', exact: true }).click();
    await page.getByText('another person has this external id').waitFor();
    await page.getByLabel('External ID').fill('');
    await page.getByRole('button', { name: 'Enrol person', exact: true }).click();
    await page.getByText(/^Ada Byron · similarity/).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Different person: enrol anyway' }).click();
    await page.getByRole('heading', { name: 'A twin of Ada is enrolled' }).waitFor();
    await page.getByText(/^Accepted, quality/).waitFor();
    await page.getByRole('link', { name: 'Show person' }).click();
    await page.getByText('May be confused').waitFor();
    assert.deepEqual(faults, []);
  });

  test('import a table, row by row, and store nothing before the user says so', async () => {
    const opened = await box.open('operator', '/people/import');
    const { page, faults } = opened;
    const files = page.getByLabel('Table and photos as files');
    const csv = (text: string) => ({ name: 'persons.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await files.setInputFiles([csv('nom;photographs\nMax;max.jpg\n')]);
    await page.getByText('unknown or duplicate columns: nom').waitFor();
    await assertAccessible(opened);

    const rows = ['Max "M" Muster;max.jpg', 'A third Ada;ada.jpg', 'Nobody;nobody.jpg'].map((row) =>
      row.replace(/^(.*);/, (_, name: string) => `"${name.replaceAll('"', '""')}";`),
    );
    const zip = zipSync({
      'staff/persons.csv': Buffer.from(`name;photographs\n${rows.join('\n')}\n`),
      'staff/max.jpg': await photographOf('stranger'),
      'staff/ada.jpg': await photographOf('ada'),
    });
    const archive = (bytes: Uint8Array) => [
      { name: 'staff.zip', mimeType: 'application/zip', buffer: Buffer.from(bytes) },
    ];
    await files.setInputFiles(archive(zip.subarray(0, -20)));
    await page.getByText('The file is not a zip archive, or it is incomplete.').waitFor();
    await files.setInputFiles(archive(zip));
    await page.getByText('1 row accepted, 2 rejected').waitFor();
    await page.getByText('Max "M" Muster').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Show reason Nobody' }).click();
    await page.getByText('A photo of this row is missing.').waitFor();
    await page.getByText('Correct row').click();
    await page.getByLabel('Other photos').setInputFiles({
      ...{ name: 'bea.jpg', mimeType: 'image/jpeg', buffer: await photographOf('bea') },
    });
    await page.getByText('Photos of this row: bea.jpg').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Check row again' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Show reason Nobody' }).click();
    await page.getByText('The face is similar to an enrolled person').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();

    // The import goes on while other pages show.
    await page.getByRole('link', { name: 'People', exact: true }).first().click();
    await page.getByText('9 of 9').waitFor();
    await page.getByRole('link', { name: 'Import people' }).click();
    await page.getByRole('button', { name: 'Show reason A third Ada' }).click();
    await page.getByText(/^Ada Byron · similarity/).waitFor();
    await page.getByRole('button', { name: 'Different people: accept row' }).click();
    await page.getByText('2 rows accepted, 1 rejected').waitFor();
    await page.getByLabel('Skip the rejected row').check();
    await page.getByRole('button', { name: 'Enrol 2 people' }).click();
    await page.getByRole('dialog').getByText('The rejected row is skipped.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Enrol 2 people' }).click();
    await page.getByText('2 people were enrolled.').waitFor();
    await page.getByRole('link', { name: 'Show people' }).click();
    await page.getByText('11 of 11').waitFor();
    assert.deepEqual(faults, []);
  });

  test('save all data of a person, change their photographs, and erase them with a certificate', async () => {
    const opened = await box.open('admin', '/people?text=farid');
    const { page, faults } = opened;
    await page.getByRole('link', { name: /Farid Haddad/ }).click();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export all data' }).click();
    const archive = await (await saved).path();
    const files = await zipEntries(archive);
    assert.ok(['README.txt', 'person.json', 'templates.json', 'audit.json'].every((name) => files.has(name)));
    assert.match(files.get('person.json')?.toString('utf8') ?? '', /"name": "Farid Haddad"/);
    const photograph = [...files].find(([name]) => /^photographs\/.*\.jpg$/.test(name))?.[1];
    assert.deepEqual([...(photograph?.subarray(0, 2) ?? [])], [0xff, 0xd8]);

    await page.getByRole('button', { name: 'Add photos' }).click();
    const adding = page.getByRole('dialog', { name: 'Add photos' });
    const other = { name: 'other.jpg', mimeType: 'image/jpeg', buffer: await photographOf('bea') };
    await adding.locator('input[type=file]').setInputFiles(other);
    await adding.getByRole('button', { name: 'Check and save' }).click();
    await adding.getByText('The reason is shown next to each photo.').waitFor();
    await assertAccessible(opened);
    await adding.getByRole('button', { name: 'Remove photo' }).click();
    await adding.locator('input[type=file]').setInputFiles({ ...other, buffer: photograph ?? Buffer.of() });
    await adding.getByRole('button', { name: 'Check and save' }).click();
    await page.getByRole('img', { name: 'Photo 2 of Farid Haddad' }).waitFor();
    await page.getByRole('button', { name: 'Delete Photo 2 of Farid Haddad' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('img', { name: 'Photo 2 of Farid Haddad' }).waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'Stop recognising' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop recognising' }).click();
    await page.getByRole('button', { name: 'Recognise again' }).click();
    await page.getByRole('button', { name: 'Stop recognising' }).waitFor();
    await page.getByRole('button', { name: 'Erase permanently' }).click();
    await page.getByText('All data about this person is erased').waitFor();
    await assertAccessible(opened);
    await page.getByRole('dialog').getByRole('button', { name: 'Erase permanently' }).click();
    const certificate = page.getByRole('dialog', { name: 'Certificate of erasure' });
    const kept = page.waitForEvent('download');
    await certificate.getByRole('button', { name: 'Save certificate' }).click();
    const { auditHash } = JSON.parse(await readFile(await (await kept).path(), 'utf8')) as {
      auditHash: string;
    };
    await certificate.getByText(auditHash).waitFor();
    await certificate.getByRole('button', { name: 'Close' }).last().click();
    await page.waitForURL(/\/people$/);
    await page.getByRole('link', { name: /Ada Byron/ }).waitFor();
    await page.getByRole('link', { name: /Farid Haddad/ }).waitFor({ state: 'hidden' });
    assert.deepEqual(faults, []);
  });
});

/** The files of an archive, read by another library than the one that wrote it. */
async function zipEntries(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = unzipSync(await readFile(path));
  return new Map(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes)]));
}
