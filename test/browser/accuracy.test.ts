import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

describe('the page on accuracy', { skip: withoutBuild || withoutChromium }, () => {
  test('reports, compares two policies on recorded passages, and hides what the role may not see', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('admin', '/accuracy');
    const { page } = opened;
    await page.getByRole('heading', { name: 'Accuracy', level: 1 }).waitFor();
    await page.getByRole('table', { name: 'Passages by reason' }).first().waitFor();
    await page.getByRole('heading', { name: 'Error rates by threshold (DET)' }).waitFor();
    await page.getByRole('group', { name: 'Confusion matrix' }).waitFor();

    const first = page.getByRole('group', { name: 'Settings A' });
    const second = page.getByRole('group', { name: 'Settings B' });
    await first.getByLabel('Threshold').fill('0.99');
    await second.getByLabel('Liveness check').selectOption({ label: 'No attack detected' });
    await page.getByRole('combobox', { name: 'Passages' }).selectOption({ label: 'Last 1,000' });
    await page.getByRole('button', { name: 'Compare' }).click();
    const result = page.getByRole('status').filter({ hasText: 'evaluated again' });
    const row = async (name: string): Promise<readonly number[]> => {
      const cells = result.getByRole('row', { name }).getByRole('cell');
      return (await cells.allTextContents()).map((text) => Number(text.replaceAll(',', '')));
    };
    await result.waitFor();
    const [recorded = 0, stricter = -1, laxer = -1] = await row('Attended');
    assert.ok(recorded > 0 && stricter < recorded && laxer > recorded, `${recorded} ${stricter} ${laxer}`);
    await result
      .getByText(/Unconfirmed would be Attended/)
      .first()
      .waitFor();
    await assertAccessible(opened);
    await page.setViewportSize({ width: 360, height: 740 });
    await assertAccessible(opened);
    assert.equal(await isWiderThanScreen(opened), false);

    // No person of the demo box has two photographs, so the figures of the curves come from here.
    await page.route('**/api/v1/reports/accuracy', async (route) => {
      const response = await route.fetch();
      const said = (await response.json()) as { readonly data: { det: object } };
      const points = [0.2, 0.3, 0.4, 0.5].map((threshold, index) => ({
        ...{ threshold, fmr: 10 ** -index, fnmr: index === 0 ? 0 : 10 ** (index - 4) },
      }));
      said.data.det = { genuine: 10, impostor: 20, points };
      await route.fulfill({ response, json: said });
    });
    await page.reload();
    await page.getByRole('img', { name: /^False match rate and/ }).waitFor();
    await assertAccessible(opened);

    const operator = await box.open('operator', '/accuracy');
    await operator.page.getByRole('table', { name: 'Passages by reason' }).first().waitFor();
    assert.equal(
      await operator.page.getByRole('heading', { name: 'Error rates by threshold (DET)' }).count(),
      0,
    );
    assert.deepEqual([...opened.faults, ...operator.faults], []);
  });
});
