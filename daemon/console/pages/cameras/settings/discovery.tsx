import { useSignal } from '@preact/signals';
import type { Discovered } from '../../../../contract/cameras.js';
import { call } from '../../../api/call.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Fault } from '../../../parts/fault.js';
import { Icon } from '../../../parts/icon.js';
import { Badge, Section } from '../../../parts/page.js';
import { wordsOf } from '../../../words/words.js';

const t = wordsOf<typeof en>('cameras');

/** Looks for cameras in the networks of the box. */
export function Discovery({ onChosen }: { readonly onChosen: (address: string) => void }) {
  const found = useSignal<Discovered | undefined>(undefined);
  const doing = useAct();
  const look = (): Promise<boolean> =>
    doing.run(async () => {
      found.value = await call('cameras.discover', {});
    });
  return (
    <Section title={t('discover')}>
      <p>{t('discover-lead')}</p>
      <button type="button" class="secondary" aria-busy={doing.isRunning} onClick={() => void look()}>
        <Icon name="search" /> {t('discover-act')}
      </button>
      <Fault error={doing.fault} />
      <div role="status">
        {found.value && <p>{t('discovered', { count: found.value.devices.length })}</p>}
        {found.value?.isCutShort && <p>{t('discovered-more')}</p>}
      </div>
      {found.value && (
        <ul class="plain-list">
          {found.value.devices.map((device) => (
            <Device key={device.address} device={device} onChosen={onChosen} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Device({
  device: { address, name, hardware, location, cameraIds },
  onChosen,
}: {
  readonly device: Discovered['devices'][number];
  readonly onChosen: (address: string) => void;
}) {
  return (
    <li class="device">
      <div>
        <strong>{name ?? hardware ?? address}</strong>
        <p class="quiet">{[address, hardware, location].filter(Boolean).join(' · ')}</p>
      </div>
      {cameraIds.length > 0 ? (
        <Badge tone="quiet">{t('device-known', { cameras: cameraIds.join(', ') })}</Badge>
      ) : (
        <button type="button" class="small secondary" onClick={() => onChosen(address)}>
          {t('device-use')}
        </button>
      )}
    </li>
  );
}
