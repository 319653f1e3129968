import type { CameraStatus } from '../../../contract/cameras.js';
import type { Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/cameras.json';
import { Icon } from '../../parts/icon.js';
import { Loaded, PageHead } from '../../parts/page.js';
import { decimals } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { CameraBadge, CameraTrouble, loadText, passagesText } from './camera-trouble.js';

const t = wordsOf<typeof en>('cameras');

/** Every camera, whether it delivers pictures, and what it saw on the last day. */
export default function Cameras() {
  const cameras = useFetched('cameras.list', {}, { everyMs: 5000 });
  const status = useFetched('status.show', {}, { everyMs: 15_000, isWanted: can('status:read') });
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        {can('cameras:write') && (
          <a href="/cameras/add">
            <Icon name="add" /> {t('add')}
          </a>
        )}
      </PageHead>
      {status.value?.capacity && <p class="quiet">{roomText(status.value.capacity)}</p>}
      <Loaded of={cameras} empty={t('none')}>
        {(list) => (
          <ul class="cards">
            {list.map((camera) => (
              <Tile key={camera.id} camera={camera} />
            ))}
          </ul>
        )}
      </Loaded>
    </>
  );
}

const roomText = ({
  moreCameras,
  cores,
  busyCores,
}: NonNullable<Output<'status.show'>['capacity']>): string =>
  t('room', { count: moreCameras, cores, busy: decimals(busyCores, 1) });

function Tile({ camera }: { readonly camera: CameraStatus }) {
  const { id, name, stream } = camera;
  return (
    <li class="card">
      <header class="card-head">
        <h2>
          <a href={`/cameras/${encodeURIComponent(id)}`}>{name}</a>
        </h2>
        <CameraBadge camera={camera} />
      </header>
      <CameraTrouble camera={camera} />
      <p class="quiet">
        {[id, stream && t('picture-size', { width: stream.widthPx, height: stream.heightPx })]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <p>{passagesText(camera)}</p>
      {camera.load && <p class="quiet">{loadText(camera.load)}</p>}
      {camera.viewers !== undefined && (
        <p class="quiet">
          <Icon name="eye" /> {t('viewers', { viewers: camera.viewers })}
        </p>
      )}
    </li>
  );
}
