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

// Pages that are used together come in one file: many small files compress badly.
const watchPages = () => import('./watch-pages.js');
const peoplePages = () => import('./people-pages.js');
const systemPages = () => import('./system-pages.js');

/** Every page of the console. The navigation and the overview of the system have this order. */
export const pageRoutes: readonly ConsoleRoute[] = [
  {
    path: '/',
    scopes: ['status:read'],
    way: { group: 'watch', icon: 'now', text: () => now('title') },
    load: async () => (await watchPages()).Now,
  },
  {
    path: '/cameras',
    scopes: ['cameras:read'],
    way: { group: 'watch', icon: 'camera', text: () => cameras('title') },
    load: async () => (await watchPages()).Cameras,
  },
  {
    path: '/cameras/add',
    scopes: ['cameras:write'],
    load: async () => (await watchPages()).AddCamera,
  },
  {
    path: '/cameras/:id/change',
    scopes: ['cameras:read', 'cameras:write'],
    load: async () => (await watchPages()).ChangeCamera,
  },
  {
    path: '/cameras/:id/areas',
    scopes: ['cameras:read', 'cameras:write'],
    load: async () => (await watchPages()).Areas,
  },
  { path: '/cameras/:id', scopes: ['cameras:read'], load: async () => (await watchPages()).Camera },
  {
    path: '/live',
    scopes: ['cameras:read', 'live:watch'],
    way: { group: 'watch', icon: 'eye', text: () => cameras('grid') },
    load: async () => (await watchPages()).LiveGrid,
  },
  {
    path: '/passages',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'passage', text: () => passages('title') },
    load: async () => (await watchPages()).Passages,
  },
  { path: '/passages/:passage', scopes: ['passages:read'], load: async () => (await watchPages()).Passage },
  {
    path: '/timeline',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'timeline', text: () => timeline('title') },
    load: async () => (await watchPages()).Timeline,
  },
  {
    path: '/review',
    scopes: ['passages:read'],
    way: { group: 'watch', icon: 'review', text: () => review('title'), Beside: ReviewCount },
    load: async () => (await watchPages()).Review,
  },
  {
    path: '/alerts',
    scopes: ['alerts:read'],
    way: { group: 'watch', icon: 'alert', text: () => alerts('title') },
    load: async () => (await systemPages()).Alerts,
  },
  {
    path: '/people',
    scopes: ['persons:read'],
    way: { group: 'people', icon: 'people', text: () => people('title') },
    load: async () => (await peoplePages()).People,
  },
  {
    path: '/people/enrol',
    scopes: ['persons:write'],
    way: { group: 'people', icon: 'add', text: () => enrol('title') },
    load: async () => (await peoplePages()).BeginEnrolment,
  },
  {
    path: '/people/enrol/:id',
    scopes: ['persons:write'],
    load: async () => (await peoplePages()).GuidedEnrolment,
  },
  { path: '/people/add', scopes: ['persons:write'], load: async () => (await peoplePages()).AddPerson },
  { path: '/people/import', scopes: ['persons:write'], load: async () => (await peoplePages()).ImportPeople },
  {
    path: '/people/change',
    scopes: ['persons:read', 'persons:write'],
    load: async () => (await peoplePages()).ChangePeople,
  },
  {
    path: '/people/erase',
    scopes: ['persons:read', 'persons:erase'],
    load: async () => (await peoplePages()).ErasePeople,
  },
  { path: '/people/:id', scopes: ['persons:read'], load: async () => (await peoplePages()).Person },
  {
    path: '/strangers',
    scopes: ['strangers:read'],
    way: { group: 'people', icon: 'stranger', text: () => strangers('title') },
    load: async () => (await watchPages()).Strangers,
  },
  {
    path: '/strangers/:stranger',
    scopes: ['strangers:read'],
    load: async () => (await watchPages()).Stranger,
  },
  {
    path: '/attendance',
    scopes: ['attendance:read'],
    way: { group: 'records', icon: 'attendance', text: () => attendance('title') },
    load: async () => (await peoplePages()).Attendance,
  },
  {
    path: '/attendance/persons/:person',
    scopes: ['attendance:read'],
    load: async () => (await peoplePages()).PersonDays,
  },
  {
    path: '/attendance/shifts',
    scopes: ['attendance:read'],
    load: async () => (await peoplePages()).Shifts,
  },
  {
    path: '/events',
    scopes: ['events:read'],
    way: { group: 'records', icon: 'event', text: () => events('title') },
    load: async () => (await peoplePages()).Events,
  },
  { path: '/events/:event', scopes: ['events:read'], load: async () => (await peoplePages()).Event },
  { path: '/outbox', scopes: ['status:read'], load: async () => (await peoplePages()).Outbox },
  {
    path: '/audit',
    scopes: ['audit:read'],
    way: { group: 'records', icon: 'audit', text: () => audit('title') },
    load: async () => (await peoplePages()).Audit,
  },
  {
    path: '/accuracy',
    scopes: ['passages:read'],
    way: { group: 'records', icon: 'accuracy', text: () => accuracy('title') },
    load: async () => (await peoplePages()).Accuracy,
  },
  {
    path: '/system',
    scopes: [],
    way: { group: 'system', icon: 'system', text: () => system('title') },
    load: async () => (await systemPages()).overviewOf(pageRoutes),
  },
  {
    path: '/system/users',
    scopes: ['users:read'],
    way: { group: 'system', icon: 'users', text: () => users('users'), lead: () => users('users-card') },
    load: async () => (await systemPages()).Users,
  },
  { path: '/system/users/:id', scopes: ['users:read'], load: async () => (await systemPages()).User },
  {
    path: '/system/roles',
    scopes: ['users:read'],
    way: { icon: 'role', text: () => users('roles'), lead: () => users('roles-card') },
    load: async () => (await systemPages()).Roles,
  },
  {
    path: '/system/api-keys',
    scopes: ['users:read'],
    way: { icon: 'key', text: () => users('keys'), lead: () => users('keys-card') },
    load: async () => (await systemPages()).ApiKeys,
  },
  {
    path: '/system/approvals',
    scopes: [],
    way: { icon: 'approval', text: () => approvals('title'), lead: () => approvals('card') },
    load: async () => (await systemPages()).Approvals,
  },
  {
    path: '/system/gallery',
    scopes: ['gallery:read'],
    way: { group: 'system', icon: 'gallery', text: () => gallery('title'), lead: () => gallery('card') },
    load: async () => (await systemPages()).Gallery,
  },
  {
    path: '/system/backups',
    scopes: ['backups:read'],
    way: { group: 'system', icon: 'backup', text: () => backups('title'), lead: () => backups('card') },
    load: async () => (await systemPages()).Backups,
  },
  {
    path: '/system/identity',
    scopes: ['identity:read'],
    way: { icon: 'identity', text: () => identity('title'), lead: () => identity('card') },
    load: async () => (await systemPages()).Identity,
  },
  {
    path: '/system/screens',
    scopes: ['cameras:read'],
    way: { icon: 'eye', text: () => kiosk('screens'), lead: () => kiosk('screens-lead') },
    load: async () => (await watchPages()).Screens,
  },
  {
    path: '/system/configuration',
    scopes: ['config:read'],
    way: { icon: 'system', text: () => configuration('title'), lead: () => configuration('lead') },
    load: async () => (await systemPages()).Configuration,
  },
  {
    path: '/system/configuration/text',
    scopes: ['config:read'],
    load: async () => (await systemPages()).ConfigurationText,
  },
  {
    path: '/system/retention',
    scopes: ['retention:read'],
    way: { icon: 'backup', text: () => upkeep('retention-title'), lead: () => upkeep('retention-lead') },
    load: async () => (await systemPages()).Retention,
  },
  {
    path: '/system/models',
    scopes: ['status:read'],
    way: { icon: 'accuracy', text: () => upkeep('models-title'), lead: () => upkeep('models-lead') },
    load: async () => (await systemPages()).Models,
  },
  {
    path: '/system/broker',
    scopes: ['status:read'],
    way: { icon: 'event', text: () => upkeep('broker-title'), lead: () => upkeep('broker-lead') },
    load: async () => (await systemPages()).Broker,
  },
  {
    path: '/system/doctor',
    scopes: ['status:read'],
    way: { icon: 'check', text: () => upkeep('doctor-title'), lead: () => upkeep('doctor-lead') },
    load: async () => (await systemPages()).Doctor,
  },
  {
    path: '/system/logs',
    scopes: ['logs:read'],
    way: { icon: 'search', text: () => upkeep('logs-title'), lead: () => upkeep('logs-lead') },
    load: async () => (await systemPages()).Logs,
  },
  {
    path: '/system/host',
    scopes: ['status:read'],
    way: { icon: 'host', text: () => system('host-title'), lead: () => system('host-lead') },
    load: async () => (await systemPages()).Host,
  },
  { path: '/account', scopes: [], load: async () => (await systemPages()).Account },
  {
    path: '/claim',
    scopes: [],
    isPublic: true,
    isBare: true,
    load: async () => (await import('./entry/claim-page.js')).default,
  },
  { path: '/e', scopes: [], isPublic: true, isBare: true, load: async () => (await peoplePages()).Phone },
  { path: '/kiosk', scopes: [], isPublic: true, isBare: true, load: async () => (await watchPages()).Kiosk },
];
