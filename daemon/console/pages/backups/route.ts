import type en from '../../messages/en/backups.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('backups');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/backups',
    scopes: ['backups:read'],
    navigation: { group: 'system', order: 30, icon: 'backup', text: () => t('title') },
    card: { order: 21, icon: 'backup', text: () => t('title'), lead: () => t('card') },
    load: () => import('./backups.js'),
  },
];
export default routes;
