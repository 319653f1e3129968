import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, patienceMs, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';
import { fakeCameraArgs, fakeCameraFilm, personClip } from '../support/fake-camera.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const phoneSize = [360, 740] as const;

async function beginEnrolment(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name: 'Enrol person', level: 1 }).waitFor();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Start enrolment' }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}

describe('guided enrolment in the console', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('a person takes the pictures with a phone, and the operator enrols them', async () => {
    await using directory = await temporaryDirectory();
    await using browser = await startBrowser(fakeCameraArgs(await fakeCameraFilm(directory.path)));
    await using box = await startConsoleBox({ content: 'accounts', browser });
    const operator = await box.open('operator', '/people/enrol');
    const { page } = operator;
    await page.getByRole('heading', { name: 'New person' }).waitFor();
    await assertAccessible(operator);
    await beginEnrolment(page, 'Bea Example');
    assert.equal(await page.getByRole('button', { name: 'Files' }).isDisabled(), true, 'consent comes first');
    await page.getByRole('button', { name: "The person's phone" }).click();
    await page.getByRole('button', { name: 'Create link' }).click();
    await page.getByRole('img', { name: 'QR code of the link for the phone' }).waitFor();
    await assertAccessible(operator);
    await page.getByText('The box knows no address at which another device could reach it').waitFor();
    const address = await page.locator('.link-address').innerText();
    const path = address.slice(box.url.length);

    const phone = await box.openUnknown(path, phoneSize);
    await phone.page.getByRole('button', { name: 'I agree' }).waitFor();
    assert.equal(new URL(phone.page.url()).hash, '', 'the secret does not stay in the address');
    assert.equal((await phone.page.content()).includes('Bea Example'), false);
    await assertAccessible(phone);
    await page.getByText('Opened on a phone').waitFor();

    const second = await box.openUnknown(path, phoneSize);
    await second.page.getByText('Code link-refused').waitFor();
    await page.getByText('The link was opened again once').waitFor();

    await phone.page.getByRole('button', { name: 'I agree' }).click();
    await phone.page.locator('.guide-hint').filter({ hasText: /\w/ }).waitFor();
    await assertAccessible(phone);
    // A busy machine looks at few pictures a second, and needs more rounds of the film until it sees each step.
    await phone.page.getByText('All steps are done').waitFor({ timeout: 3 * patienceMs });
    await page.getByRole('img', { name: 'Photo turned left' }).first().waitFor();
    await page.getByRole('img', { name: 'Photo turned right' }).first().waitFor();
    await page.getByRole('button', { name: 'Check and enrol' }).click();
    await page.getByText('All photos show the same person').waitFor();
    await assertAccessible(operator);
    await page.getByRole('button', { name: 'Enrol person', exact: true }).click();
    await page.getByText('Bea Example is enrolled').waitFor();
    await phone.page.getByText('You are enrolled').waitFor();
    const { items } = await box.box.client.call('persons.list', {});
    assert.deepEqual(
      items.map(({ name }) => name),
      ['Bea Example'],
    );

    // The same face again, from the camera of this browser: the box shows whom it resembles.
    await page.getByRole('button', { name: 'Enrol next person' }).click();
    await page
      .getByLabel('Consent', { exact: true })
      .selectOption({ label: 'None: there is another legal basis' });
    await beginEnrolment(page, 'Another Name');
    await page.getByRole('button', { name: "This device's camera" }).click();
    await page.getByRole('img', { name: 'Photo from the front' }).first().waitFor();
    await page.getByRole('button', { name: 'Files' }).click();
    await page.getByLabel('Photos or short video clips').setInputFiles(await personClip());
    await page.getByText('checked, blink found').waitFor();
    await page.getByRole('img', { name: 'Photo turned right' }).first().waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
    assert.ok(width <= 360, `the page is ${width} pixels wide`);
    await page.getByRole('button', { name: 'Check and enrol' }).click();
    await page.getByText('The face is similar to an enrolled person').waitFor();
    await page.getByRole('img', { name: 'Bea Example' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Enrol person', exact: true }).isDisabled(), true);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel enrolment' }).click();
    await page.getByText('The photos and everything you entered are lost').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel enrolment' }).click();
    await page.getByRole('heading', { name: 'Enrol person', level: 1 }).waitFor();
    assert.deepEqual([...operator.faults, ...phone.faults, ...second.faults], []);
  });
});
