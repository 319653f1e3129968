import type { Task } from './counted-user.js';

/** What a technician does with a phone in front of the camera "Side gate", and of another one whose stream is at this address. */
export const technicianTasks = (cameraUrl: string): readonly Task[] => [
  {
    name: 'learn what is wrong with the box and what to do',
    steps: 1,
    async act(user) {
      await user.click('link', 'See how to fix it');
      await user.sees(/checks passed/);
      await user.sees('What to do:');
    },
  },
  {
    name: 'test a camera that fails',
    steps: 2,
    async act(user) {
      await user.click('link', 'Yard');
      await user.click('button', 'Test camera');
      await user.dialog.getByText('What to do:').waitFor();
    },
  },
  {
    name: 'add a camera',
    steps: 7,
    async act(user) {
      await user.visit('Cameras');
      await user.click('link', 'Add camera');
      await user.fill('Address', cameraUrl);
      await user.click('button', 'Test camera');
      await user.sees('The camera is sending video');
      await user.fill('Name', 'North gate');
      await user.click('button', 'Add camera');
      await user.page.getByRole('heading', { name: 'North gate', level: 1 }).waitFor();
    },
  },
  {
    name: 'see what a camera sees',
    steps: 1,
    async act(user) {
      await user.click('link', 'Side gate');
      await user.page.locator('canvas[data-captured-at]').waitFor();
    },
  },
  {
    name: 'mask a part of the picture',
    steps: 8,
    async act(user) {
      await user.click('link', 'Side gate');
      await user.click('link', 'Edit zones and masks');
      await user.click('button', 'Add privacy mask');
      const picture = user.page.locator('.areas');
      for (const [x, y] of [
        [40, 40],
        [160, 40],
        [160, 120],
      ] as const)
        await user.press(picture, { x, y });
      await user.click('button', 'Close outline');
      await user.click('button', 'Save changes');
      await user.sees('Zones and masks of Side gate were updated.');
    },
  },
  {
    name: 'tune a camera for small faces',
    steps: 3,
    async act(user) {
      await user.click('link', 'Side gate');
      await user.fill('Smallest face (pixels)', '60');
      await user.click('button', 'Save changes');
      await user.sees('The new values of Side gate are in effect.');
    },
  },
  {
    name: 'remove a camera',
    steps: 3,
    async act(user) {
      await user.click('link', 'Side gate');
      await user.click('button', 'Delete');
      await user.click('button', 'Delete', user.dialog);
      await user.sees('Camera Side gate was deleted.');
    },
  },
  {
    name: 'add a tablet that shows the prompts of a camera',
    steps: 6,
    async act(user) {
      await user.visitSystem(/^Displays/);
      await user.click('button', 'Add display');
      await user.fill('Location', 'Main entrance', user.dialog);
      await user.click('button', 'Add display', user.dialog);
      await user.page.getByRole('img', { name: 'QR code of the link for the tablet' }).waitFor();
    },
  },
  {
    name: 'find a line in the log',
    steps: 4,
    async act(user) {
      await user.visitSystem(/^Logs/);
      await user.fill('Contains', 'starting');
      await user.page.getByRole('button', { name: 'starting' }).first().waitFor();
    },
  },
  {
    name: 'test a channel of alerts',
    steps: 3,
    async act(user) {
      await user.visit('Alerts');
      await user.click('button', 'Send test to control-room');
      await user.sees('What to do:');
    },
  },
];
