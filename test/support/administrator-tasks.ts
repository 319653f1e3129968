import assert from 'node:assert/strict';
import type { Task } from './counted-user.js';

const passphrase = 'seven wet umbrellas by the door';

/** What an administrator does, with a channel of alerts at this address. What needs a login of the last minutes comes first. */
export const administratorTasks = (channelUrl: string): readonly Task[] => [
  {
    name: 'add an account',
    steps: 5,
    async act(user) {
      await user.visit('Users');
      await user.click('button', 'Add user');
      await user.fill('User name', 'grace', user.dialog);
      await user.choose('Role', 'operator', user.dialog);
      await user.click('button', 'Create account', user.dialog);
      await user.sees('Password for grace');
    },
  },
  {
    name: 'give a new password to a user who forgot theirs',
    steps: 4,
    async act(user) {
      await user.visit('Users');
      await user.click('link', /^demo-viewer/);
      await user.click('button', 'Reset password');
      await user.click('button', 'Reset password', user.dialog);
      await user.sees('Password for demo-viewer');
    },
  },
  {
    name: 'create a role',
    steps: 6,
    async act(user) {
      await user.visitSystem(/^Roles/);
      await user.click('button', 'Add role');
      await user.fill('Name', 'porter', user.dialog);
      await user.press(user.dialog.getByLabel('Read events'));
      await user.click('button', 'Create role', user.dialog);
      await user.sees('1 permission · no users');
    },
  },
  {
    name: 'create a key for a program',
    steps: 6,
    async act(user) {
      await user.visitSystem(/^API keys/);
      await user.click('button', 'Create API key');
      await user.fill('Label', 'payroll', user.dialog);
      await user.press(user.dialog.getByLabel('View attendance reports'));
      await user.click('button', 'Create API key', user.dialog);
      await user.page.getByRole('button', { name: 'I have saved it' }).waitFor();
    },
  },
  {
    name: 'make a backup and download it',
    steps: 6,
    async act(user) {
      const download = user.page.waitForEvent('download');
      await user.visit('Backups');
      await user.click('button', 'Create backup');
      await user.fill('Passphrase', passphrase, user.dialog);
      await user.fill('Repeat passphrase', passphrase, user.dialog);
      await user.click('button', 'Create backup', user.dialog);
      await user.press(user.page.getByRole('button', { name: /^Download/ }));
      assert.match((await download).suggestedFilename(), /\.rcb$/);
    },
  },
  {
    name: 'add a channel of alerts and test it',
    steps: 7,
    async act(user) {
      await user.visit('Alerts');
      await user.click('button', 'Add channel');
      await user.fill('Channel name', 'phone', user.dialog);
      await user.choose('Kind', 'ntfy', user.dialog);
      await user.fill('Address of the topic (https://server/topic)', channelUrl, user.dialog);
      await user.click('button', 'Save channel', user.dialog);
      await user.click('button', 'Send test to phone');
      await user.page.getByRole('status').getByText('Delivered').waitFor();
    },
  },
  {
    name: 'add a rule of alerts',
    steps: 5,
    async act(user) {
      await user.visit('Alerts');
      await user.click('button', 'Add rule');
      await user.fill('Rule name', 'unknown-person', user.dialog);
      await user.click('button', 'Review change', user.dialog);
      await user.click('button', 'Apply changes', user.dialog);
      await user.page.getByRole('button', { name: 'Edit rule unknown-person' }).waitFor();
    },
  },
  {
    name: 'change a setting',
    steps: 5,
    async act(user) {
      await user.visitSystem(/^Configuration/);
      await user.fill('Time until a face is unknown (seconds)', '9');
      await user.click('button', 'Review changes');
      await user.click('button', 'Apply changes', user.dialog);
      await user.sees('The changes are in effect.');
    },
  },
  {
    name: 'check that nobody changed the audit log',
    steps: 3,
    async act(user) {
      await user.visit('Audit log');
      await user.click('button', 'Check log');
      await user.click('button', 'Start check');
      await user.sees('No entry was changed and none is missing.');
    },
  },
  {
    name: 'check that the gallery is intact',
    steps: 2,
    async act(user) {
      await user.visit('Gallery and keys');
      await user.click('button', 'Start verification');
      await user.page
        .getByRole('region', { name: 'Verification', exact: true })
        .getByText('Intact')
        .first()
        .waitFor();
    },
  },
];
