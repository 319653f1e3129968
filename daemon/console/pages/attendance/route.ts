import type en from '../../messages/en/attendance.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('attendance');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/attendance',
    scopes: ['attendance:read'],
    navigation: { group: 'records', order: 0, icon: 'attendance', text: () => t('title') },
    load: () => import('./attendance.js'),
  },
  {
    path: '/attendance/persons/:person',
    scopes: ['attendance:read'],
    load: () => import('./person-days.js'),
  },
  { path: '/attendance/shifts', scopes: ['attendance:read'], load: () => import('./shifts.js') },
];
export default routes;
