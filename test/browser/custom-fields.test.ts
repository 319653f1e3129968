import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

const skip = withoutBuild || withoutChromium;

test('custom fields in the console', { skip }, async (t) => {
  await using browser = await startBrowser();
  await using box = await startConsoleBox({ content: 'past', browser });
  await t.test('are defined in the configuration, and keep their ID under another name', () => define(box));
  await t.test('are filled in on the page of a person, found, and shown in the list', () => fillIn(box));
  await t.test('are changed for many people after a preview', () => changeMany(box));
  await t.test('name their columns where people are imported', () => nameColumns(box));
  await t.test('are filled in where somebody is enrolled with guidance', () => enrolWith(box));
  await t.test('are columns of the attendance that leaves the box', () => saveAttendance(box));
});

async function define({ box, open }: ConsoleBox): Promise<void> {
  const opened = await open('admin', '/system/configuration');
  const { page, faults } = opened;
  const dialog = page.getByRole('dialog');
  const added = page.getByLabel('New field', { exact: true });
  const apply = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Review changes' }).click();
    await dialog.getByRole('row', { name: /^Custom fields/ }).waitFor();
    await dialog.getByRole('button', { name: 'Apply changes' }).click();
    await page.getByText('The changes are in effect.').waitFor();
    await dialog.waitFor({ state: 'detached' });
  };
  for (const name of ['Dépôt & Büro', 'Badge', 'Badge']) {
    await added.fill(name);
    await added.press('Enter');
  }
  await page.getByLabel('Field “badge_2”').waitFor();
  await page.getByRole('button', { name: 'Remove field Badge' }).nth(1).click();
  await assertAccessible(opened);
  await apply();
  await page.getByLabel('Field “depot_buro”').fill('Department');
  await apply();
  assert.deepEqual((await box.client.call('auth.me')).box.personFields, [
    { id: 'depot_buro', name: 'Department' },
    { id: 'badge', name: 'Badge' },
  ]);
  assert.deepEqual(faults, []);
}

async function fillIn({ box, seeded, open }: ConsoleBox): Promise<void> {
  const id = seeded?.persons.find(({ name }) => name === 'Ada Byron')?.id ?? '';
  const opened = await open('operator', `/people/${id}`);
  const { page, faults } = opened;
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const profile = page.getByRole('dialog', { name: 'Edit profile' });
  await profile.getByLabel('Department').fill('Research & Öl');
  await profile.getByLabel('Badge').fill('A-17');
  await assertAccessible(opened);
  await profile.getByRole('button', { name: 'Save profile' }).click();
  await page.getByText('Research & Öl').waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await profile.getByLabel('Badge').fill('');
  // Another user changes another field, which stays.
  await box.client.call('persons.update', { id, fields: { depot_buro: 'Research & Öl 2' } });
  await profile.getByRole('button', { name: 'Save profile' }).click();
  await profile.getByText('Code changed-meanwhile').waitFor();
  await profile.getByRole('button', { name: 'Reload' }).click();
  await page.getByText('Research & Öl 2').waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  assert.equal(await profile.getByLabel('Badge').inputValue(), '');
  await profile.getByRole('button', { name: 'Save profile' }).click();
  await page.getByText('A-17').waitFor({ state: 'detached' });
  assert.deepEqual((await box.client.call('persons.show', { id })).fields, { depot_buro: 'Research & Öl 2' });

  await page.goto('/people');
  await page.getByText('8 of 8').waitFor();
  await page.getByLabel('Name, external ID, or custom field').fill('research');
  await page.getByText('1 of 1').waitFor();
  await page.goto('/people');
  await page.getByLabel('Custom field', { exact: true }).selectOption('Department');
  await page.getByRole('cell', { name: 'Research & Öl 2' }).waitFor();
  await page.getByText('8 of 8').waitFor();
  await page.getByLabel('Department').fill('ol');
  await page.waitForURL(/field=depot_buro&value=ol/);
  await page.getByText('1 of 1').waitFor();
  await page.getByRole('link', { name: /Ada Byron/ }).waitFor();
  await assertAccessible(opened);
  await page.setViewportSize({ width: 360, height: 740 });
  assert.equal(await isWiderThanScreen(opened), false);
  assert.deepEqual(faults, []);
}

async function changeMany({ box, open }: ConsoleBox): Promise<void> {
  const opened = await open('operator', '/people/change?field=depot_buro&value=research');
  const { page, faults } = opened;
  await page.getByText('1 of 1 person selected').waitFor();
  await page.getByLabel('Badge').fill('B-2');
  await page.getByRole('button', { name: 'Preview change' }).click();
  await page.getByText('Custom fields: Department: Research & Öl 2; Badge: B-2').waitFor();
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'Change 1 person' }).click();
  await page.getByText('1 person changed').first().waitFor();
  const { items } = await box.client.call('persons.list', { field: 'badge=b-2' });
  assert.deepEqual(
    items.map(({ name, fields }) => [name, fields]),
    [['Ada Byron', { badge: 'B-2', depot_buro: 'Research & Öl 2' }]],
  );
  assert.deepEqual(faults, []);
}

async function nameColumns({ open }: ConsoleBox): Promise<void> {
  const { page, faults } = await open('operator', '/people/import');
  await page.getByText(/,photographs,field_depot_buro,field_badge$/).waitFor();
  const buffer = Buffer.from('name,field_team\nNora,A\n');
  await page.getByLabel('Table and photos as files').setInputFiles({
    ...{ name: 'persons.csv', mimeType: 'text/csv', buffer },
  });
  await page
    .getByRole('alert')
    .getByText(/unknown or duplicate columns: field_team/)
    .waitFor();
  assert.deepEqual(faults, []);
}

async function enrolWith({ open }: ConsoleBox): Promise<void> {
  const opened = await open('operator', '/people/enrol');
  const { page, faults } = opened;
  await page.getByLabel('Name', { exact: true }).fill('Nora Lind');
  await page.getByLabel('Department').fill('Sales');
  // A draft keeps what was typed.
  await page.reload();
  assert.equal(await page.getByLabel('Department').inputValue(), 'Sales');
  await assertAccessible(opened);
  const begun = page.waitForRequest(
    (request) => request.method() === 'POST' && new URL(request.url()).pathname === '/api/v1/enrolments',
  );
  await page.getByRole('button', { name: 'Start enrolment' }).click();
  const { person } = (await begun).postDataJSON() as { readonly person: { readonly fields?: unknown } };
  assert.deepEqual(person.fields, { depot_buro: 'Sales' });
  await page.waitForURL(/\/people\/enrol\/./);
  assert.deepEqual(faults, []);
}

async function saveAttendance({ open }: ConsoleBox): Promise<void> {
  const { page, faults } = await open('operator', '/attendance?view=week');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV', exact: true }).click();
  const lines = readFileSync(await (await saving).path(), 'utf8')
    .trim()
    .split('\r\n');
  assert.match(lines[0] ?? '', /,Corrected,Department,Badge$/);
  assert.match(lines.find((line) => line.includes('Ada Byron')) ?? '', /,Research & Öl 2,B-2$/);
  assert.deepEqual(faults, []);
}
