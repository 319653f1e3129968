import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PartList } from '../../daemon/core/compose/part-list.js';

const openDoor = ({ site }: { readonly site: string }) => ({ door: `door of ${site}` });
const openBell = async ({ door }: { readonly door: string }) => ({
  bell: `bell at the ${door}`,
  handlers: { ring: () => 'rings' },
});
const serveDoor = () => ({ handlers: { open: () => 'opens' } });

describe('the list of parts', () => {
  test('opens the parts in order and gives each what the parts before it made', async () => {
    const { door, bell } = await PartList.startingWith({ site: 'office' })
      .with(openDoor)
      .with(openBell)
      .open();
    assert.deepEqual({ door, bell }, { door: 'door of office', bell: 'bell at the door of office' });
  });

  test('joins the handlers of all parts', async () => {
    const parts = PartList.startingWith({ site: 'office' }).with(openDoor).with(openBell).with(serveDoor);
    const { handlers } = await parts.open();
    assert.deepEqual([handlers.ring(), handlers.open()], ['rings', 'opens']);
  });

  test('gives a part the handlers of the parts before it only', async () => {
    const seen: string[][] = [];
    await PartList.startingWith({ site: 'office' })
      .with(serveDoor)
      .with(({ handlers }) => void seen.push(Object.keys(handlers)))
      .with(openDoor)
      .with(openBell)
      .open();
    assert.deepEqual(seen, [['open']]);
  });

  test('does not compile when a part needs what no part before it makes', async () => {
    const parts = PartList.startingWith({ site: 'office' });
    // @ts-expect-error The bell needs a door.
    const { bell } = await parts.with(openBell).with(openDoor).open();
    assert.equal(bell, 'bell at the undefined');
  });

  test('opens no part after one that fails', async () => {
    const opened: string[] = [];
    const parts = PartList.startingWith({ site: 'office' })
      .with(() => {
        throw new Error('no door');
      })
      .with(() => void opened.push('bell'));
    await assert.rejects(parts.open(), /no door/);
    assert.deepEqual(opened, []);
  });

  test('refuses two parts that make something of the same name, or serve one operation', async () => {
    const parts = PartList.startingWith({ site: 'office' }).with(openDoor).with(openDoor);
    await assert.rejects(parts.open(), { code: 'part-name-taken' });
    const served = PartList.startingWith({}).with(serveDoor).with(serveDoor);
    await assert.rejects(served.open(), { code: 'part-name-taken', message: /'open'/ });
  });
});
