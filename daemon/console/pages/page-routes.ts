import type { ComponentType } from 'preact';
import type { Scope } from '../../contract/scopes.js';
import type accuracyTexts from '../messages/en/accuracy.json';
import type alertTexts from '../messages/en/alerts.json';
import type approvalTexts from '../messages/en/approvals.json';
import type attendanceTexts from '../messages/en/attendance.json';
import type auditTexts from '../messages/en/audit.json';
import type backupTexts from '../messages/en/backups.json';
import type cameraTexts from '../messages/en/cameras.json';
import type configurationTexts from '../messages/en/configuration.json';
import type enrolTexts from '../messages/en/enrol.json';
import type eventTexts from '../messages/en/events.json';
import type galleryTexts from '../messages/en/gallery.json';
import type identityTexts from '../messages/en/identity.json';
import type kioskTexts from '../messages/en/kiosk.json';
import type nowTexts from '../messages/en/now.json';
import type passageTexts from '../messages/en/passages.json';
import type peopleTexts from '../messages/en/people.json';
import type strangerTexts from '../messages/en/strangers.json';
import type systemTexts from '../messages/en/system.json';
import type upkeepTexts from '../messages/en/upkeep.json';
import type userTexts from '../messages/en/users.json';
import type { IconName } from '../parts/icon.js';
import { wordsOf } from '../words/words.js';

const accuracy = wordsOf<typeof accuracyTexts>('accuracy');
const alerts = wordsOf<typeof alertTexts>('alerts');
const approvals = wordsOf<typeof approvalTexts>('approvals');
const attendance = wordsOf<typeof attendanceTexts>('attendance');
const audit = wordsOf<typeof auditTexts>('audit');
const backups = wordsOf<typeof backupTexts>('backups');
const cameras = wordsOf<typeof cameraTexts>('cameras');
const configuration = wordsOf<typeof configurationTexts>('configuration');
const enrol = wordsOf<typeof enrolTexts>('enrol');
const events = wordsOf<typeof eventTexts>('events');
const gallery = wordsOf<typeof galleryTexts>('gallery');
const identity = wordsOf<typeof identityTexts>('identity');
const kiosk = wordsOf<typeof kioskTexts>('kiosk');
const now = wordsOf<typeof nowTexts>('now');
const passages = wordsOf<typeof passageTexts>('passages');
const people = wordsOf<typeof peopleTexts>('people');
const strangers = wordsOf<typeof strangerTexts>('strangers');
const system = wordsOf<typeof systemTexts>('system');
const upkeep = wordsOf<typeof upkeepTexts>('upkeep');
const users = wordsOf<typeof userTexts>('users');

/** Groups of the navigation, in their order. */
export const navigationGroups = ['watch', 'people', 'records', 'system'] as const;

/** A page of the console. */
export interface ConsoleRoute {
  /** As in preact-iso: `/passages/:id`. */
  readonly path: string;
  /** All of these are needed to see the page. */
  readonly scopes: readonly Scope[];
  /** Present: the navigation, or the overview of the system, leads to the page. */
  readonly way?: {
    /** Absent: the page is not in the navigation. */
    readonly group?: (typeof navigationGroups)[number];
    readonly icon: IconName;
    readonly text: () => string;
    /** What one does there, in one sentence. Absent: the page is not in the overview of the system. */
    readonly lead?: () => string;
  };
  /** True: the page fills the screen, without the navigation. */
  readonly isBare?: true;
  /** True: the page is there without a login. */
  readonly isPublic?: true;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** Every page of the console. The navigation and the overview of the system have this order. */
export const pageRoutes: readonly ConsoleRoute[] = [
  {
    path: '/',
    scopes: ['status:read'],
    way: { group: 'watch', icon: 'now', text: () => now('title') },
    load: () => import('./now/now.js'),
  },
  {
    path: '/cameras',
    scopes: ['cameras:read'],
    way: { group: 'watch', icon: 'camera', text: () => cameras('title') },
    load: () => import('./cameras/cameras.js'),
  },
  { path: '/cameras/add', scopes: ['cameras:write'], load: () => import('./cameras/settings/add.js') },
  {
    path: '/cameras/:id/change',
    scopes: ['cameras:read', 'cameras:write'],
    load: () => import('./cameras/settings/change.js'),
  },
  { path: '/cameras/:id', scopes: ['cameras:read'], load: () => import('./cameras/camera.js') },
  {
    path: '/passages',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'passage', text: () => passages('title') },
    load: () => import('./passages/passages.js'),
  },
  { path: '/passages/:passage', scopes: ['passages:read'], load: () => import('./passages/passage.js') },
  {
    path: '/alerts',
    scopes: ['alerts:read'],
    way: { group: 'watch', icon: 'alert', text: () => alerts('title') },
    load: () => import('./alerts/alerts.js'),
  },
  {
    path: '/people',
    scopes: ['persons:read'],
    way: { group: 'people', icon: 'people', text: () => people('title') },
    load: () => import('./people/people.js'),
  },
  {
    path: '/people/enrol',
    scopes: ['persons:write'],
    way: { group: 'people', icon: 'add', text: () => enrol('title') },
    load: () => import('./enrol/begin.js'),
  },
  { path: '/people/enrol/:id', scopes: ['persons:write'], load: () => import('./enrol/guide.js') },
  { path: '/people/add', scopes: ['persons:write'], load: () => import('./people/add-person.js') },
  { path: '/people/import', scopes: ['persons:write'], load: () => import('./people/import-people.js') },
  {
    path: '/people/change',
    scopes: ['persons:read', 'persons:write'],
    load: () => import('./people/change-people.js'),
  },
  { path: '/people/:id', scopes: ['persons:read'], load: () => import('./people/person.js') },
  {
    path: '/strangers',
    scopes: ['strangers:read'],
    way: { group: 'people', icon: 'stranger', text: () => strangers('title') },
    load: () => import('./strangers/strangers.js'),
  },
  { path: '/strangers/:stranger', scopes: ['strangers:read'], load: () => import('./strangers/stranger.js') },
  {
    path: '/attendance',
    scopes: ['attendance:read'],
    way: { group: 'records', icon: 'attendance', text: () => attendance('title') },
    load: () => import('./attendance/attendance.js'),
  },
  {
    path: '/attendance/persons/:person',
    scopes: ['attendance:read'],
    load: () => import('./attendance/person-days.js'),
  },
  { path: '/attendance/shifts', scopes: ['attendance:read'], load: () => import('./attendance/shifts.js') },
  {
    path: '/events',
    scopes: ['events:read'],
    way: { group: 'records', icon: 'event', text: () => events('title') },
    load: () => import('./events/events.js'),
  },
  { path: '/events/:event', scopes: ['events:read'], load: () => import('./events/event.js') },
  { path: '/outbox', scopes: ['status:read'], load: () => import('./events/outbox.js') },
  {
    path: '/audit',
    scopes: ['audit:read'],
    way: { group: 'records', icon: 'audit', text: () => audit('title') },
    load: () => import('./audit/audit.js'),
  },
  {
    path: '/accuracy',
    scopes: ['passages:read'],
    way: { group: 'records', icon: 'accuracy', text: () => accuracy('title') },
    load: () => import('./accuracy/accuracy.js'),
  },
  {
    path: '/system',
    scopes: [],
    way: { group: 'system', icon: 'system', text: () => system('title') },
    load: () => import('./system/overview.js'),
  },
  {
    path: '/system/users',
    scopes: ['users:read'],
    way: { group: 'system', icon: 'users', text: () => users('users'), lead: () => users('users-card') },
    load: () => import('./users/users.js'),
  },
  { path: '/system/users/:id', scopes: ['users:read'], load: () => import('./users/user.js') },
  {
    path: '/system/roles',
    scopes: ['users:read'],
    way: { icon: 'role', text: () => users('roles'), lead: () => users('roles-card') },
    load: () => import('./users/roles.js'),
  },
  {
    path: '/system/api-keys',
    scopes: ['users:read'],
    way: { icon: 'key', text: () => users('keys'), lead: () => users('keys-card') },
    load: () => import('./users/api-keys.js'),
  },
  {
    path: '/system/approvals',
    scopes: [],
    way: { icon: 'approval', text: () => approvals('title'), lead: () => approvals('card') },
    load: () => import('./approvals/approvals.js'),
  },
  {
    path: '/system/gallery',
    scopes: ['gallery:read'],
    way: { group: 'system', icon: 'gallery', text: () => gallery('title'), lead: () => gallery('card') },
    load: () => import('./gallery/gallery.js'),
  },
  {
    path: '/system/backups',
    scopes: ['backups:read'],
    way: { group: 'system', icon: 'backup', text: () => backups('title'), lead: () => backups('card') },
    load: () => import('./backups/backups.js'),
  },
  {
    path: '/system/identity',
    scopes: ['identity:read'],
    way: { icon: 'identity', text: () => identity('title'), lead: () => identity('card') },
    load: () => import('./identity/identity.js'),
  },
  {
    path: '/system/screens',
    scopes: ['cameras:read'],
    way: { icon: 'eye', text: () => kiosk('screens'), lead: () => kiosk('screens-lead') },
    load: () => import('./kiosk/screens.js'),
  },
  {
    path: '/system/configuration',
    scopes: ['config:read'],
    way: { icon: 'system', text: () => configuration('title'), lead: () => configuration('lead') },
    load: () => import('./configuration/configuration.js'),
  },
  {
    path: '/system/configuration/text',
    scopes: ['config:read'],
    load: () => import('./configuration/configuration-text.js'),
  },
  {
    path: '/system/retention',
    scopes: ['retention:read'],
    way: { icon: 'backup', text: () => upkeep('retention-title'), lead: () => upkeep('retention-lead') },
    load: () => import('./upkeep/retention.js'),
  },
  {
    path: '/system/models',
    scopes: ['status:read'],
    way: { icon: 'accuracy', text: () => upkeep('models-title'), lead: () => upkeep('models-lead') },
    load: () => import('./upkeep/models.js'),
  },
  {
    path: '/system/broker',
    scopes: ['status:read'],
    way: { icon: 'event', text: () => upkeep('broker-title'), lead: () => upkeep('broker-lead') },
    load: () => import('./upkeep/broker.js'),
  },
  {
    path: '/system/doctor',
    scopes: ['status:read'],
    way: { icon: 'check', text: () => upkeep('doctor-title'), lead: () => upkeep('doctor-lead') },
    load: () => import('./upkeep/doctor.js'),
  },
  {
    path: '/system/logs',
    scopes: ['logs:read'],
    way: { icon: 'search', text: () => upkeep('logs-title'), lead: () => upkeep('logs-lead') },
    load: () => import('./upkeep/logs.js'),
  },
  {
    path: '/system/host',
    scopes: ['status:read'],
    way: { icon: 'host', text: () => system('host-title'), lead: () => system('host-lead') },
    load: () => import('./system/host.js'),
  },
  { path: '/account', scopes: [], load: () => import('./account/account.js') },
  { path: '/claim', scopes: [], isPublic: true, isBare: true, load: () => import('./entry/claim.js') },
  { path: '/e', scopes: [], isPublic: true, isBare: true, load: () => import('./enrol/phone.js') },
  { path: '/kiosk', scopes: [], isPublic: true, isBare: true, load: () => import('./kiosk/kiosk.js') },
];
