import type { LocalBox } from '../local-box.js';
import { cameras } from './past.js';
import type { Seeded } from './seed.js';

/**
 * Alerts of a demo box, YAML: of the past that was made up, and of what happens from now on. Their only receiver does not exist, so
 * nothing leaves the machine.
 */
export const demoAlerts = `alerts:
  ntfy: [{ id: control-room, url: "https://127.0.0.1:9/rollcall" }]
  rules:
    - { id: attack, on: attack, severity: critical, channels: [control-room] }
    - { id: camera, on: camera-down, severity: warning, channels: [control-room] }
    - { id: blocklist, on: barred, severity: warning, channels: [control-room] }
`;

/** Custom fields of a demo box, YAML. */
export const demoFields = `persons:
  fields:
    - { id: department, name: Department }
    - { id: badge, name: Badge number }
`;

const departments = ['Production', 'Warehouse', 'Quality', 'Office'];

/** Fills what a seeded box leaves empty, so that every page shows something: groups, consents, custom fields, lists, and a display. */
export async function enrichDemo({ client }: LocalBox, { persons }: Pick<Seeded, 'persons'>): Promise<void> {
  const ids = persons.map(({ id }) => id);
  const dateIso = new Date().toISOString().slice(0, 10);
  await client.call('persons.change-many', {
    ids,
    addGroups: ['staff'],
    consent: { basis: 'consent', dateIso, reference: 'form 7' },
  });
  await client.call('persons.change-many', { ids: ids.slice(0, 3), addGroups: ['day-shift'] });
  for (const [index, id] of ids.entries()) {
    const department = departments[index % departments.length] ?? '';
    await client.call('persons.update', { id, fields: { department, badge: String(4101 + 7 * index) } });
  }
  const [watched, barred] = ids.slice(-2);
  if (watched)
    await client.call('persons.update', { id: watched, watch: { mark: 'watch', reason: 'lost badge' } });
  if (barred)
    await client.call('persons.update', { id: barred, watch: { mark: 'barred', reason: 'left the firm' } });
  await client.call('screens.add', { camera: cameras.in, label: 'Reception' });
}
