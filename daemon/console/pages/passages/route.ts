import type en from '../../messages/en/passages.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('passages');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/passages',
    scopes: ['passages:read'],
    navigation: { group: 'watch', order: 20, icon: 'passage', text: () => t('title') },
    load: () => import('./passages.js'),
  },
  { path: '/passages/:passage', scopes: ['passages:read'], load: () => import('./passage.js') },
];
export default routes;
