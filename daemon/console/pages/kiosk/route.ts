import type en from '../../messages/en/kiosk.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('kiosk');

const routes: readonly ConsoleRoute[] = [
  { path: '/kiosk', scopes: [], isPublic: true, isBare: true, load: () => import('./kiosk.js') },
  {
    path: '/system/screens',
    scopes: ['cameras:read'],
    card: { order: 35, icon: 'eye', text: () => t('screens'), lead: () => t('screens-lead') },
    load: () => import('./screens.js'),
  },
];
export default routes;
