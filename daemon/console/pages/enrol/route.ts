import type en from '../../messages/en/enrol.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('enrol');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/people/enrol',
    scopes: ['persons:write'],
    navigation: { group: 'people', order: 20, icon: 'add', text: () => t('title') },
    load: () => import('./begin.js'),
  },
  { path: '/people/enrol/:id', scopes: ['persons:write'], load: () => import('./guide.js') },
  { path: '/e', scopes: [], isPublic: true, isBare: true, load: () => import('./phone.js') },
];
export default routes;
