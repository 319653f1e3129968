import type { Page } from 'playwright-core';
import type { ConsoleBox } from '../test/support/console-box.js';

/** A page of the tour. */
export interface Stop {
  /** What the names of its pictures begin with. */
  readonly name: string;
  readonly title: string;
  /** As in `daemon/console/pages/page-routes.ts`; the login has none. */
  readonly route?: string;
  /** Where the page is, if its address has more than the route says. */
  readonly path?: (box: ConsoleBox, page: Page) => string | Promise<string>;
  /** Waits for what is shown last. It may run several times. */
  readonly shows?: (page: Page) => Promise<unknown>;
  /** It needs no login. */
  readonly isPublic?: true;
  /** Of the window, CSS pixels. */
  readonly heightPx?: number;
}

const heading =
  (name: string) =>
  (page: Page): Promise<void> =>
    page.getByRole('heading', { name }).first().waitFor();

const personOf = ({ seeded }: ConsoleBox, index = 0): string => seeded?.persons[index]?.id ?? '';

/** The live picture of a camera is there. */
const live = (page: Page): Promise<void> => page.locator('canvas[data-captured-at]').first().waitFor();

async function passageOf({ box: { client } }: ConsoleBox): Promise<string> {
  const { items } = await client.call('passages.list', { outcome: 'attended', reason: 'attended', limit: 1 });
  return `/passages/${items[0]?.id}`;
}

async function enrolmentOf(_box: ConsoleBox, page: Page): Promise<string> {
  const { origin } = new URL(page.url());
  const answer = await page.context().request.post('/api/v1/enrolments', {
    ...{ headers: { origin }, data: { person: { name: 'Nora Lund' } } },
  });
  const { data } = (await answer.json()) as { readonly data: { readonly id: string } };
  return `/people/enrol/${data.id}`;
}

async function kioskOf({ box: { client } }: ConsoleBox): Promise<string> {
  const { secret } = await client.call('screens.add', { camera: 'front-door', label: 'Reception' });
  return `/kiosk#${secret}`;
}

/** Every page of the console, in the order of its routes. */
export const stops: readonly Stop[] = [
  { name: 'login', title: 'Log in', shows: heading('Log in'), isPublic: true },
  {
    name: 'now',
    title: 'Now',
    route: '/',
    shows: (page) => page.getByRole('img', { name: 'Current view of Entrance', exact: true }).waitFor(),
  },
  { name: 'cameras', title: 'Cameras', route: '/cameras' },
  { name: 'camera-add', title: 'Add a camera', route: '/cameras/add' },
  {
    name: 'camera-change',
    title: 'Change a camera',
    route: '/cameras/:id/change',
    path: () => '/cameras/entrance/change',
  },
  {
    name: 'camera-areas',
    title: 'Zones and masks',
    route: '/cameras/:id/areas',
    path: () => '/cameras/entrance/areas',
    shows: (page) => page.getByRole('img', { name: 'Current image from Entrance' }).waitFor(),
  },
  {
    name: 'camera',
    title: 'One camera',
    route: '/cameras/:id',
    path: () => '/cameras/entrance',
    shows: live,
  },
  {
    name: 'live',
    title: 'Several cameras live',
    route: '/live',
    path: () => '/live?camera=entrance',
    shows: live,
  },
  // Those with pictures: the box keeps none of undecided ones.
  { name: 'passages', title: 'Passages', route: '/passages', path: () => '/passages?outcome=attended' },
  // High enough for the eyes.
  {
    name: 'passage',
    title: 'One passage',
    route: '/passages/:passage',
    path: passageOf,
    shows: heading('Eyes'),
    heightPx: 1080,
  },
  {
    name: 'timeline',
    title: 'Timeline of a day',
    route: '/timeline',
    path: () => `/timeline?day=${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}`,
  },
  { name: 'review', title: 'Review', route: '/review' },
  { name: 'alerts', title: 'Alerts', route: '/alerts' },
  { name: 'people', title: 'People', route: '/people' },
  { name: 'enrol', title: 'Start an enrolment', route: '/people/enrol' },
  { name: 'enrolment', title: 'Guided enrolment', route: '/people/enrol/:id', path: enrolmentOf },
  { name: 'person-add', title: 'Add a person from photos', route: '/people/add' },
  { name: 'people-import', title: 'Import people', route: '/people/import' },
  { name: 'people-change', title: 'Change people', route: '/people/change' },
  { name: 'people-erase', title: 'Erase people', route: '/people/erase' },
  { name: 'person', title: 'One person', route: '/people/:id', path: (box) => `/people/${personOf(box)}` },
  { name: 'strangers', title: 'Unknown people', route: '/strangers' },
  {
    name: 'stranger',
    title: 'One unknown person',
    route: '/strangers/:stranger',
    async path({ box }) {
      const { items } = await box.client.call('strangers.list');
      return `/strangers/${items[0]?.id}`;
    },
  },
  { name: 'attendance', title: 'Attendance', route: '/attendance' },
  {
    name: 'attendance-person',
    title: 'Attendance of one person',
    route: '/attendance/persons/:person',
    path: (box) => `/attendance/persons/${personOf(box, 1)}`,
  },
  { name: 'shifts', title: 'Shifts and holidays', route: '/attendance/shifts' },
  { name: 'events', title: 'Events', route: '/events' },
  {
    name: 'event',
    title: 'One event',
    route: '/events/:event',
    async path({ box }) {
      const { items } = await box.client.call('events.list', { kind: 'attack', limit: 1 });
      return `/events/${items[0]?.id}`;
    },
  },
  { name: 'outbox', title: 'Outbox', route: '/outbox' },
  { name: 'audit', title: 'Audit log', route: '/audit' },
  { name: 'accuracy', title: 'Accuracy', route: '/accuracy' },
  { name: 'system', title: 'System', route: '/system' },
  { name: 'users', title: 'Users', route: '/system/users' },
  {
    name: 'user',
    title: 'One user',
    route: '/system/users/:id',
    async path({ box }) {
      const { items } = await box.client.call('users.list');
      return `/system/users/${items.find(({ role }) => role === 'operator')?.id}`;
    },
  },
  { name: 'roles', title: 'Roles', route: '/system/roles' },
  { name: 'api-keys', title: 'API keys', route: '/system/api-keys' },
  { name: 'approvals', title: 'Approvals', route: '/system/approvals', shows: heading('Erase a person') },
  { name: 'gallery', title: 'Gallery and keys', route: '/system/gallery' },
  { name: 'backups', title: 'Backups', route: '/system/backups' },
  { name: 'identity', title: 'Identity and trust', route: '/system/identity' },
  { name: 'displays', title: 'Displays', route: '/system/screens' },
  { name: 'configuration', title: 'Configuration', route: '/system/configuration' },
  { name: 'configuration-text', title: 'Configuration as text', route: '/system/configuration/text' },
  { name: 'retention', title: 'Retention', route: '/system/retention' },
  { name: 'models', title: 'Models', route: '/system/models' },
  { name: 'broker', title: 'Broker', route: '/system/broker' },
  {
    name: 'doctor',
    title: 'Doctor',
    route: '/system/doctor',
    shows: (page) => page.getByText(/checks passed/).waitFor(),
  },
  { name: 'logs', title: 'Logs', route: '/system/logs' },
  { name: 'host', title: 'Machine', route: '/system/host' },
  { name: 'account', title: 'Your account', route: '/account' },
  { name: 'claim', title: 'Claim a new box', route: '/claim', isPublic: true },
  { name: 'phone', title: 'Photos with a phone', route: '/e', isPublic: true },
  { name: 'display', title: 'Prompts on a tablet', route: '/kiosk', path: kioskOf, isPublic: true },
];
