import type en from '../../messages/en/approvals.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('approvals');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/approvals',
    scopes: [],
    card: { order: 13, icon: 'approval', text: () => t('title'), lead: () => t('card') },
    load: () => import('./approvals.js'),
  },
];
export default routes;
