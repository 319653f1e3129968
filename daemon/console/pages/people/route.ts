import type en from '../../messages/en/people.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('people');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/people',
    scopes: ['persons:read'],
    navigation: { group: 'people', order: 0, icon: 'people', text: () => t('title') },
    load: () => import('./people.js'),
  },
  { path: '/people/add', scopes: ['persons:write'], load: () => import('./add-person.js') },
  { path: '/people/import', scopes: ['persons:write'], load: () => import('./import-people.js') },
  {
    path: '/people/change',
    scopes: ['persons:read', 'persons:write'],
    load: () => import('./change-people.js'),
  },
  { path: '/people/:id', scopes: ['persons:read'], load: () => import('./person.js') },
];
export default routes;
