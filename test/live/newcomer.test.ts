import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type ChildEnd, closeOf, hasEnded } from '../../scripts/child-end.js';
import { cast, portrait } from '../../scripts/virtual-camera/cast.js';
import { withoutBuild } from '../support/box.js';
import { openPage, startBrowser, withoutChromium } from '../support/browser.js';
import { root } from '../support/built.js';
import { freePort } from '../support/listening.js';
import { descendantsOf, runningWith } from '../support/processes.js';
import { patienceMs, until } from '../support/until.js';

/** What ./scripts/demo --console prints, once the box is there. */
interface Demo extends AsyncDisposable {
  readonly address: string;
  readonly secret: string;
  readonly camera: { readonly url: string; readonly user: string; readonly password: string };
  /** Kills the gate; resolves with how the demo ended then. */
  killGate(): Promise<ChildEnd>;
}

async function startDemo(): Promise<Demo> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', 'scripts/demo.ts', '--console', '--port', String(port)],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const stop = async (): Promise<void> => {
    if (!hasEnded(child)) child.kill('SIGINT');
    await closeOf(child);
  };
  try {
    await until('the demo', () => hasEnded(child) || said.includes('stays up until Ctrl-C'));
    const found = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? assert.fail(said);
    return {
      address: found(/(https:\S+)\/claim/),
      secret: found(/claim secret: (\S+)/),
      camera: { url: found(/address (\S+),/), user: found(/user (\S+),/), password: found(/password (\S+)/) },
      async killGate() {
        killGateOf(child);
        return closeOf(child);
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const password = 'nine paper boats on a slow river';

async function claim(page: Page, secret: string): Promise<void> {
  await page.getByLabel('Claim secret').fill(secret);
  await page.getByLabel('User name').fill('newcomer');
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Create administrator and log in' }).click();
  await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
}

async function addCamera(page: Page, { url, user, password: secret }: Demo['camera']): Promise<void> {
  await page.getByRole('link', { name: 'Cameras', exact: true }).click();
  await page.getByRole('link', { name: 'Add camera' }).click();
  await page.getByRole('textbox', { name: 'Address' }).fill(url);
  await page.getByLabel('Camera user name').fill(user);
  await page.getByLabel('Camera password').fill('not the password');
  await page.getByRole('button', { name: 'Test camera' }).click();
  await page
    .getByText(/refuses the user or the password/i)
    .first()
    .waitFor({ timeout: patienceMs });
  await page.getByLabel('Camera password').fill(secret);
  await page.getByRole('button', { name: 'Test camera' }).click();
  await page.getByText('The camera is sending video').waitFor({ timeout: patienceMs });
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Side door');
  await page.getByRole('button', { name: 'Add camera' }).click();
  await page.getByRole('heading', { name: 'Side door', level: 1 }).waitFor();
  await page.getByRole('img', { name: /^Side door: .* in the image/ }).waitFor({ timeout: patienceMs });
}

async function enrol(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'People', exact: true }).click();
  await page.getByRole('link', { name: 'Add from photos' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Nora Newcomer');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'nora.jpg', mimeType: 'image/jpeg', buffer: await portrait(cast.stranger) });
  await page.getByText(/^Usable, quality/).waitFor({ timeout: patienceMs });
  await page.getByRole('button', { name: 'Enrol person', exact: true }).click();
  await page.getByText('Nora Newcomer').first().waitFor();
}

/** A picture of a person is held up before the camera, and never blinks. */
async function findOutWhy(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Passages', exact: true }).click();
  await page.getByRole('heading', { name: 'Passages', level: 1 }).waitFor();
  await page.getByRole('combobox', { name: 'Camera' }).selectOption('Side door');
  // The page does not move what one looks at: it offers new passages by a button.
  const more = page.getByRole('button', { name: /new passages?$/ });
  const refused = page
    .locator('main a[href^="/passages/"]')
    .filter({ has: page.getByText('Attack', { exact: true }) });
  await until('the passage of the picture that is held up', async () => {
    if ((await more.count()) > 0) await more.click();
    return (await refused.count()) > 0;
  });
  await refused.first().click();
  await page.getByRole('heading', { name: 'Passage', level: 1 }).waitFor();
  await page
    .getByText(/picture/i)
    .first()
    .waitFor();
  await page.getByText('What to do:').waitFor();
}

function killGateOf({ pid = 0 }: ChildProcess): void {
  for (const gate of runningWith('rollcall-gate.js', descendantsOf(pid))) process.kill(gate, 'SIGKILL');
}

describe('a newcomer', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('claims the box of the demo, adds a camera, enrols a person and finds out why a passage was not recorded, without a shell', async () => {
    await using demo = await startDemo();
    await using browser = await startBrowser();
    const { page, faults } = await openPage(browser, { url: demo.address });
    await page.goto('/claim');
    await claim(page, demo.secret);
    await addCamera(page, demo.camera);
    await enrol(page);
    await findOutWhy(page);
    assert.deepEqual(faults, []);
    assert.deepEqual(await demo.killGate(), { code: 1, signal: null }, 'the demo ends with its gate');
  });
});
