import assert from 'node:assert/strict';
import type { Task } from './counted-user.js';

/** What an operator does at the entrance. */
export const operatorTasks: readonly Task[] = [
  {
    name: 'acknowledge an alert',
    steps: 1,
    async act(user) {
      await user.press(user.page.getByRole('button', { name: 'Acknowledge' }).first());
      await user.sees('Alert acknowledged.');
    },
  },
  {
    name: 'say who somebody was about whom the box asks',
    steps: 2,
    async act(user) {
      await user.visit(/^Review/);
      await user.page.getByRole('heading', { name: /^Is this / }).waitFor();
      await user.key('1');
      await user.sees(/ 1 answered$/);
    },
  },
  {
    name: 'find out why a person was not recorded on a day',
    steps: 4,
    async act(user, { box }) {
      const { items } = await box.client.call('passages.list', { outcome: 'unproven', limit: 1 });
      const [passage] = items.flatMap((item) => ('person' in item ? [item] : []));
      const name = passage?.person?.name ?? assert.fail('a person who was not recorded');
      await user.find(`${name} ${passage?.startedAt.slice(0, 10)}`, new RegExp(`^Passages of ${name}, `));
      await user.press(user.page.locator('.film a.shot', { hasText: name }).first());
      await user.sees('Decision');
      await user.sees('What to do:');
    },
  },
  {
    name: 'correct whom the box recognised',
    steps: 6,
    async act(user) {
      await user.visit('Passages');
      await user.choose('Outcome', 'attended');
      await user.press(
        user.page
          .locator('.film', { hasNotText: 'Attack' })
          .locator('a.shot', { hasText: 'Attended' })
          .first(),
      );
      await user.click('button', 'Mark as wrong');
      await user.click('radio', /^Bea Kidane/);
      await user.click('button', 'Save feedback', user.dialog);
      await user.sees(/Feedback from .*: this was Bea Kidane/);
    },
  },
  {
    name: 'report a person whom the box missed today',
    steps: 5,
    async act(user) {
      await user.visit('Passages');
      await user.click('button', 'Report missed person');
      await user.fill('Time', '00:00', user.dialog);
      await user.click('radio', /^Chidi Okafor/, user.dialog);
      await user.click('button', 'Report missed person', user.dialog);
      await user.sees(/^Feedback saved\./);
    },
  },
  {
    name: 'look at the latest attack',
    steps: 3,
    async act(user) {
      await user.visit('Passages');
      await user.choose('Outcome', 'attack');
      await user.press(user.page.locator('.film a.shot', { hasText: 'Attack' }).first());
      await user.sees('What to do:');
    },
  },
  {
    name: 'see who came yesterday',
    steps: 4,
    async act(user) {
      await user.visit('Timeline');
      await user.click('button', 'Previous day');
      await user.press(user.page.getByText('Show as a table'));
      await user.press(user.page.getByRole('table').getByRole('link').first());
      await user.sees('Decision');
    },
  },
  {
    name: 'enrol an unknown person who has given consent',
    steps: 8,
    async act(user) {
      await user.visit('Unknown people');
      // One whose face nobody else of the demo has.
      await user.press(user.page.locator('.group').nth(2).getByRole('heading').getByRole('link'));
      await user.click('button', 'Identify person');
      await user.click('radio', 'a new person who has given consent', user.dialog);
      await user.fill('Name', 'Mona Berg', user.dialog);
      await user.fill('Proof of consent', 'form 12', user.dialog);
      await user.press(user.dialog.getByRole('checkbox', { name: /I have checked that all images/ }));
      await user.click('button', 'Enrol person', user.dialog);
      await user.page.getByRole('heading', { name: 'Mona Berg', level: 1 }).waitFor();
    },
  },
  {
    name: 'merge two unknown people who are one',
    steps: 5,
    async act(user) {
      await user.visit('Unknown people');
      await user.press(user.page.locator('.group').nth(0).getByRole('checkbox'));
      await user.press(user.page.locator('.group').nth(1).getByRole('checkbox'));
      await user.click('button', 'Merge');
      await user.click('button', 'Merge', user.dialog);
      await user.sees('2 unknown people were merged.');
    },
  },
  {
    name: 'mute a rule for four hours',
    steps: 4,
    async act(user) {
      await user.visit('Alerts');
      await user.click('button', 'Mute rule down');
      await user.choose('Duration', '4 hours');
      await user.click('button', 'Mute', user.dialog);
      await user.sees(/^Muted until/);
    },
  },
];
