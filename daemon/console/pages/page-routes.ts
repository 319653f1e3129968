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
import type reviewTexts from '../messages/en/review.json';
import type strangerTexts from '../messages/en/strangers.json';
import type systemTexts from '../messages/en/system.json';
import type timelineTexts from '../messages/en/timeline.json';
import type upkeepTexts from '../messages/en/upkeep.json';
import type userTexts from '../messages/en/users.json';
import { ReviewCount } from '../parts/review-count.js';
import { wordsOf } from '../words/words.js';
import type { ConsoleRoute } from './console-route.js';

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
const review = wordsOf<typeof reviewTexts>('review');
const strangers = wordsOf<typeof strangerTexts>('strangers');
const system = wordsOf<typeof systemTexts>('system');
const timeline = wordsOf<typeof timelineTexts>('timeline');
const upkeep = wordsOf<typeof upkeepTexts>('upkeep');
const users = wordsOf<typeof userTexts>('users');

/** Every page of the console. The navigation and the overview of the system have this order. */
export const pageRoutes: readonly ConsoleRoute[] = [
  {
    path: '/',
    scopes: ['status:read'],
    way: { group: 'watch', icon: 'now', text: () => now('title') },
    load: () => import('./now/now-page.js'),
  },
  {
    path: '/cameras',
    scopes: ['cameras:read'],
    way: { group: 'watch', icon: 'camera', text: () => cameras('title') },
    load: () => import('./cameras/cameras-page.js'),
  },
  {
    path: '/cameras/add',
    scopes: ['cameras:write'],
    load: () => import('./cameras/settings/add-camera-page.js'),
  },
  {
    path: '/cameras/:id/change',
    scopes: ['cameras:read', 'cameras:write'],
    load: () => import('./cameras/settings/change-camera-page.js'),
  },
  {
    path: '/cameras/:id/areas',
    scopes: ['cameras:read', 'cameras:write'],
    load: () => import('./cameras/areas/areas-page.js'),
  },
  { path: '/cameras/:id', scopes: ['cameras:read'], load: () => import('./cameras/camera-page.js') },
  {
    path: '/live',
    scopes: ['cameras:read', 'live:watch'],
    way: { group: 'watch', icon: 'eye', text: () => cameras('grid') },
    load: () => import('./cameras/live-grid/live-grid-page.js'),
  },
  {
    path: '/passages',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'passage', text: () => passages('title') },
    load: () => import('./passages/passages-page.js'),
  },
  { path: '/passages/:passage', scopes: ['passages:read'], load: () => import('./passages/passage-page.js') },
  {
    path: '/timeline',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'timeline', text: () => timeline('title') },
    load: () => import('./timeline/timeline-page.js'),
  },
  {
    path: '/review',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'review', text: () => review('title'), Beside: ReviewCount },
    load: () => import('./review/review-page.js'),
  },
  {
    path: '/alerts',
    scopes: ['alerts:read'],
    way: { group: 'watch', icon: 'alert', text: () => alerts('title') },
    load: () => import('./alerts/alerts-page.js'),
  },
  {
    path: '/people',
    scopes: ['persons:read'],
    way: { group: 'people', icon: 'people', text: () => people('title') },
    load: () => import('./people/people-page.js'),
  },
  {
    path: '/people/enrol',
    scopes: ['persons:write'],
    way: { group: 'people', icon: 'add', text: () => enrol('title') },
    load: () => import('./enrol/begin-enrolment-page.js'),
  },
  {
    path: '/people/enrol/:id',
    scopes: ['persons:write'],
    load: () => import('./enrol/guided-enrolment-page.js'),
  },
  { path: '/people/add', scopes: ['persons:write'], load: () => import('./people/add-person-page.js') },
  { path: '/people/import', scopes: ['persons:write'], load: () => import('./people/import-people-page.js') },
  {
    path: '/people/change',
    scopes: ['persons:read', 'persons:write'],
    load: () => import('./people/change-people-page.js'),
  },
  { path: '/people/:id', scopes: ['persons:read'], load: () => import('./people/person-page.js') },
  {
    path: '/strangers',
    scopes: ['strangers:read'],
    way: { group: 'people', icon: 'stranger', text: () => strangers('title') },
    load: () => import('./strangers/strangers-page.js'),
  },
  {
    path: '/strangers/:stranger',
    scopes: ['strangers:read'],
    load: () => import('./strangers/stranger-page.js'),
  },
  {
    path: '/attendance',
    scopes: ['attendance:read'],
    way: { group: 'records', icon: 'attendance', text: () => attendance('title') },
    load: () => import('./attendance/attendance-page.js'),
  },
  {
    path: '/attendance/persons/:person',
    scopes: ['attendance:read'],
    load: () => import('./attendance/person-days-page.js'),
  },
  {
    path: '/attendance/shifts',
    scopes: ['attendance:read'],
    load: () => import('./attendance/shifts-page.js'),
  },
  {
    path: '/events',
    scopes: ['events:read'],
    way: { group: 'records', icon: 'event', text: () => events('title') },
    load: () => import('./events/events-page.js'),
  },
  { path: '/events/:event', scopes: ['events:read'], load: () => import('./events/event-page.js') },
  { path: '/outbox', scopes: ['status:read'], load: () => import('./events/outbox-page.js') },
  {
    path: '/audit',
    scopes: ['audit:read'],
    way: { group: 'records', icon: 'audit', text: () => audit('title') },
    load: () => import('./audit/audit-page.js'),
  },
  {
    path: '/accuracy',
    scopes: ['passages:read'],
    way: { group: 'records', icon: 'accuracy', text: () => accuracy('title') },
    load: () => import('./accuracy/accuracy-page.js'),
  },
  {
    path: '/system',
    scopes: [],
    way: { group: 'system', icon: 'system', text: () => system('title') },
    load: async () => ({ default: (await import('./system/system-page.js')).overviewOf(pageRoutes) }),
  },
  {
    path: '/system/users',
    scopes: ['users:read'],
    way: { group: 'system', icon: 'users', text: () => users('users'), lead: () => users('users-card') },
    load: () => import('./users/users-page.js'),
  },
  { path: '/system/users/:id', scopes: ['users:read'], load: () => import('./users/user-page.js') },
  {
    path: '/system/roles',
    scopes: ['users:read'],
    way: { icon: 'role', text: () => users('roles'), lead: () => users('roles-card') },
    load: () => import('./users/roles-page.js'),
  },
  {
    path: '/system/api-keys',
    scopes: ['users:read'],
    way: { icon: 'key', text: () => users('keys'), lead: () => users('keys-card') },
    load: () => import('./users/api-keys-page.js'),
  },
  {
    path: '/system/approvals',
    scopes: [],
    way: { icon: 'approval', text: () => approvals('title'), lead: () => approvals('card') },
    load: () => import('./approvals/approvals-page.js'),
  },
  {
    path: '/system/gallery',
    scopes: ['gallery:read'],
    way: { group: 'system', icon: 'gallery', text: () => gallery('title'), lead: () => gallery('card') },
    load: () => import('./gallery/gallery-page.js'),
  },
  {
    path: '/system/backups',
    scopes: ['backups:read'],
    way: { group: 'system', icon: 'backup', text: () => backups('title'), lead: () => backups('card') },
    load: () => import('./backups/backups-page.js'),
  },
  {
    path: '/system/identity',
    scopes: ['identity:read'],
    way: { icon: 'identity', text: () => identity('title'), lead: () => identity('card') },
    load: () => import('./identity/identity-page.js'),
  },
  {
    path: '/system/screens',
    scopes: ['cameras:read'],
    way: { icon: 'eye', text: () => kiosk('screens'), lead: () => kiosk('screens-lead') },
    load: () => import('./kiosk/screens-page.js'),
  },
  {
    path: '/system/configuration',
    scopes: ['config:read'],
    way: { icon: 'system', text: () => configuration('title'), lead: () => configuration('lead') },
    load: () => import('./configuration/configuration-page.js'),
  },
  {
    path: '/system/configuration/text',
    scopes: ['config:read'],
    load: () => import('./configuration/configuration-text-page.js'),
  },
  {
    path: '/system/retention',
    scopes: ['retention:read'],
    way: { icon: 'backup', text: () => upkeep('retention-title'), lead: () => upkeep('retention-lead') },
    load: () => import('./upkeep/retention-page.js'),
  },
  {
    path: '/system/models',
    scopes: ['status:read'],
    way: { icon: 'accuracy', text: () => upkeep('models-title'), lead: () => upkeep('models-lead') },
    load: () => import('./upkeep/models-page.js'),
  },
  {
    path: '/system/broker',
    scopes: ['status:read'],
    way: { icon: 'event', text: () => upkeep('broker-title'), lead: () => upkeep('broker-lead') },
    load: () => import('./upkeep/broker-page.js'),
  },
  {
    path: '/system/doctor',
    scopes: ['status:read'],
    way: { icon: 'check', text: () => upkeep('doctor-title'), lead: () => upkeep('doctor-lead') },
    load: () => import('./upkeep/doctor-page.js'),
  },
  {
    path: '/system/logs',
    scopes: ['logs:read'],
    way: { icon: 'search', text: () => upkeep('logs-title'), lead: () => upkeep('logs-lead') },
    load: () => import('./upkeep/logs-page.js'),
  },
  {
    path: '/system/host',
    scopes: ['status:read'],
    way: { icon: 'host', text: () => system('host-title'), lead: () => system('host-lead') },
    load: () => import('./system/host-page.js'),
  },
  { path: '/account', scopes: [], load: () => import('./account/account-page.js') },
  { path: '/claim', scopes: [], isPublic: true, isBare: true, load: () => import('./entry/claim-page.js') },
  { path: '/e', scopes: [], isPublic: true, isBare: true, load: () => import('./enrol/phone-page.js') },
  { path: '/kiosk', scopes: [], isPublic: true, isBare: true, load: () => import('./kiosk/kiosk-page.js') },
];
