import type en from '../../messages/en/gallery.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('gallery');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/gallery',
    scopes: ['gallery:read'],
    navigation: { group: 'system', order: 20, icon: 'gallery', text: () => t('title') },
    card: { order: 20, icon: 'gallery', text: () => t('title'), lead: () => t('card') },
    load: () => import('./gallery.js'),
  },
];
export default routes;
