import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import type { Scope } from '../../daemon/contract/scopes.js';
import { pictureOfStranger } from '../../scripts/seeding/strangers.js';
import { cast, portrait } from '../../scripts/virtual-camera/cast.js';
import type { CountedUser, Task } from './counted-user.js';

/** What a person of the personnel department may do: a role that a site adds. */
export const personnelScopes: readonly Scope[] = [
  ...(['status:read', 'names:read', 'persons:read', 'persons:write', 'persons:erase'] as const),
  ...(['persons:export', 'attendance:read', 'attendance:write', 'passages:read', 'events:read'] as const),
  // A photo is checked before anything is stored.
  'recognition:use',
];

/** What such a person does. Exports and erasures come first: they need a login of the last minutes. */
export const personnelTasks: readonly Task[] = [
  {
    name: 'erase a person and keep the certificate',
    steps: 6,
    async act(user) {
      await user.find('jonas', /^Jonas Lind/);
      await user.click('button', 'Erase permanently');
      await user.click('button', 'Erase permanently', user.dialog);
      const download = user.page.waitForEvent('download');
      await user.click('button', 'Save certificate', user.dialog);
      assert.match((await download).suggestedFilename(), /\.json$/);
    },
  },
  {
    name: 'save all data of a person who asks for them',
    steps: 4,
    async act(user) {
      const download = user.page.waitForEvent('download');
      await user.find('dana', /^Dana Novak/);
      await user.click('button', 'Export all data');
      assert.match((await download).suggestedFilename(), /\.zip$/);
    },
  },
  {
    name: 'enrol a person from a photo',
    steps: 5,
    async act(user) {
      await user.visit('People');
      await user.click('link', 'Add from photos');
      const photo = { name: 'nora.jpg', mimeType: 'image/jpeg', buffer: await portrait(cast.stranger) };
      await user.attach('Choose photos or drag them here', photo);
      await user.sees(/^Usable/);
      await user.fill('Name', 'Nora Lund');
      await user.click('button', 'Enrol person');
      await user.sees('Nora Lund is enrolled');
    },
  },
  {
    name: 'let a person take the photos with their own phone',
    steps: 5,
    async act(user) {
      await user.visit('Enrol person');
      await user.fill('Name', 'Max Muster');
      await user.click('button', 'Start enrolment');
      await user.click('button', "The person's phone");
      await user.click('button', 'Create link');
      await user.page.getByRole('img', { name: 'QR code of the link for the phone' }).waitFor();
    },
  },
  {
    name: 'import the people of a table',
    steps: 5,
    async act(user) {
      await user.visit('People');
      await user.click('link', 'Import people');
      const archive = zipSync({
        'persons.csv': Buffer.from('name;photographs\nVera Blom;vera.jpg\n'),
        'vera.jpg': await pictureOfStranger(2),
      });
      const file = { name: 'staff.zip', mimeType: 'application/zip', buffer: Buffer.from(archive) };
      await user.attach('Table and photos as files', file);
      await user.click('button', 'Enrol 1 person');
      await user.click('button', 'Enrol 1 person', user.dialog);
      await user.sees('1 person was enrolled.');
    },
  },
  {
    name: 'correct when a person arrived last week',
    steps: 8,
    async act(user) {
      await user.visit('Attendance');
      await user.click('link', 'Week');
      await user.click('link', 'Previous');
      await user.press(user.page.getByRole('link', { name: /^Ada Byron, / }).first());
      await user.press(user.page.getByRole('button', { name: /^Correct \w{3},/ }).first());
      await user.fill('Time', '07:41', user.dialog);
      await user.fill('Reason', 'the camera was covered', user.dialog);
      await user.click('button', 'Save correction', user.dialog);
      await user.page.getByRole('cell', { name: '07:41' }).waitFor();
    },
  },
  {
    name: 'save the month for the payroll',
    steps: 3,
    async act(user) {
      const download = user.page.waitForEvent('download');
      await user.visit('Attendance');
      await user.click('link', 'Month');
      await user.click('button', 'CSV');
      assert.match(await readFile(await (await download).path(), 'utf8'), /^\ufeffPerson,External ID,Name,/);
    },
  },
  {
    name: 'put a person on the blocklist',
    steps: 7,
    async act(user) {
      await editProfile(user, 'grace', 'Grace Mwangi');
      await user.choose('List', 'barred', user.dialog);
      await user.fill('Reason for listing', 'lost badge', user.dialog);
      await user.click('button', 'Save profile', user.dialog);
      await user.sees('Profile saved.');
    },
  },
  {
    name: 'enter the last day of a person who leaves',
    steps: 6,
    async act(user) {
      await editProfile(user, 'lena', 'Lena Fischer');
      await user.fill('Valid until', '2031-12-31', user.dialog);
      await user.click('button', 'Save profile', user.dialog);
      await user.sees('Profile saved.');
    },
  },
  {
    name: 'add everyone to a group',
    steps: 5,
    async act(user) {
      await user.visit('People');
      await user.click('link', 'Change people');
      await user.fill('Add to groups', 'staff');
      await user.click('button', 'Preview change');
      await user.press(user.page.getByRole('button', { name: /^Change \d+ people$/ }));
      await user.sees(/^\d+ people changed/);
    },
  },
];

/** Finds a person, and opens the form of their profile: four steps. */
async function editProfile(user: CountedUser, typed: string, name: string): Promise<void> {
  await user.find(typed, new RegExp(`^${name}`));
  await user.click('button', 'Edit');
}
