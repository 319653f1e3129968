import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useFetched } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { ActionBar } from '../../../parts/actions.js';
import { useKeys } from '../../../parts/keys.js';
import { Loaded, PageHead } from '../../../parts/page.js';
import { useQuery } from '../../../parts/use-query.js';
import { wordsOf } from '../../../words/words.js';
import { gridOf, pageOfGrid } from './grid-pages.js';
import { LiveTile } from './live-tile.js';

const t = wordsOf<typeof en>('cameras');

/** How often the states of the cameras are fetched. */
const stateMs = 5000;

/** What several cameras see now, as large as the width allows. Keys 1 to 9 enlarge a camera, Escape returns to all. */
export default function LiveGrid() {
  const query = useQuery();
  const cameras = useFetched('cameras.list', {}, { everyMs: stateMs });
  const grid = useRef<HTMLUListElement>(null);
  const widthPx = useWindowWidth();
  const { columns, perPage } = gridOf(widthPx);
  const list = cameras.value ?? [];
  const page = pageOfGrid(list, { perPage, wanted: Number(query.get('page')) });
  const large = page.shown.find(({ id }) => id === query.get('camera'))?.id;
  useKeys(t('grid'), [
    ...page.shown.map(({ id, name }, index) => ({
      ...{ key: String(index + 1), text: name, isOnce: true },
      onPress: () => query.set({ camera: id }),
    })),
    {
      ...{ key: 'Escape', text: t('all-cameras'), isOffered: large !== undefined },
      onPress: () => query.set({ camera: '' }),
    },
  ]);
  return (
    <>
      <PageHead title={t('grid')} lead={t('grid-lead')} />
      <Loaded of={cameras} empty={t('none')}>
        {() => (
          <>
            <ActionBar
              isSmall
              place="start"
              of={[
                {
                  text: t('all-cameras'),
                  isOffered: large !== undefined,
                  onAct: () => query.set({ camera: '' }),
                },
                {
                  text: t('grid-before'),
                  icon: 'back',
                  isOffered: page.count > 1,
                  isReady: page.index > 0,
                  onAct: () => query.set({ page: String(page.index), camera: '' }),
                },
                {
                  text: t('grid-after'),
                  icon: 'forward',
                  isOffered: page.count > 1,
                  isReady: page.index < page.count - 1,
                  onAct: () => query.set({ page: String(page.index + 2), camera: '' }),
                },
                { text: t('full-screen'), onAct: () => grid.current?.requestFullscreen() },
              ]}
            />
            <ul
              ref={grid}
              class={`live-grid ${large === undefined ? '' : 'single'}`}
              style={{ gridTemplateColumns: `repeat(${large === undefined ? columns : 1}, minmax(0, 1fr))` }}
            >
              {page.shown.map((camera, index) => (
                <LiveTile
                  key={camera.id}
                  {...{ camera, number: index + 1 }}
                  isHidden={large !== undefined && large !== camera.id}
                  isLarge={large === camera.id}
                  onLarge={(isLarge) => query.set({ camera: isLarge ? camera.id : '' })}
                />
              ))}
            </ul>
            <p class="quiet">{t('grid-keys')}</p>
          </>
        )}
      </Loaded>
    </>
  );
}

function useWindowWidth(): number {
  const widthPx = useSignal(globalThis.innerWidth);
  useEffect(() => {
    const look = (): void => {
      widthPx.value = globalThis.innerWidth;
    };
    globalThis.addEventListener('resize', look);
    return () => globalThis.removeEventListener('resize', look);
  }, []);
  return widthPx.value;
}
