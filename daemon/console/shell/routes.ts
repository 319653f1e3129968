import { type ComponentType, h, type VNode } from 'preact';
import { lazy } from 'preact-iso';
import { pageRoutes } from '../pages/page-routes.js';
import type { ConsoleRoute } from '../pages/route.js';
import { loadAllWords } from '../words/words.js';

/** Every page, with its component, which loads when it is first shown. */
export const routes = pageRoutes.map((route): ConsoleRoute & { readonly show: () => VNode } => {
  const component: ComponentType = lazy(() => loaded(route));
  return { ...route, show: () => h(component, {}) };
});

/** A page that cannot be loaded, such as one of a console that the box has replaced meanwhile, fails when it is shown. */
async function loaded(route: ConsoleRoute): ReturnType<ConsoleRoute['load']> {
  try {
    await loadAllWords();
    return await route.load();
  } catch (error) {
    return {
      default: () => {
        throw error;
      },
    };
  }
}
