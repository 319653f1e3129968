import { useSignal } from '@preact/signals';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { Fault } from '../../parts/fault.js';
import { Choice } from '../../parts/field.js';
import { Empty, Loaded } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { type Guidance, hintText, patiently } from './guidance.js';

const t = wordsOf<typeof en>('enrol');

interface BoxCameraProps {
  /** Has a camera of the box take a picture. @throws ApiError */
  readonly onTake: (cameraId: string) => Promise<Guidance>;
}

/** Pictures from a camera of the box: the light and the view in which it will recognise the person. */
export function BoxCamera({ onTake }: BoxCameraProps) {
  const cameras = useFetched('cameras.list', {});
  const chosen = useSignal<string | undefined>(undefined);
  const guidance = useSignal<Guidance | undefined>(undefined);
  const doing = useAct();
  return (
    <Loaded of={cameras}>
      {(all) => {
        const streaming = all.filter(({ state }) => state === 'streaming');
        const [first] = streaming;
        if (first === undefined) return <Empty>{t('no-streaming-camera')}</Empty>;
        const camera = chosen.value ?? first.id;
        const take = async (): Promise<void> => {
          guidance.value = await patiently(() => onTake(camera));
        };
        return (
          <>
            <Choice
              label={t('camera')}
              value={camera}
              options={streaming.map(({ id, name }) => [id, name] as const)}
              onValue={(id) => {
                chosen.value = id;
              }}
            />
            <p class="guide-hint" role="status">
              {guidance.value && hintText(guidance.value)}
            </p>
            <Fault error={doing.fault} />
            <button type="button" aria-busy={doing.isRunning} onClick={() => void doing.run(take)}>
              {t('take-picture')}
            </button>
          </>
        );
      }}
    </Loaded>
  );
}
