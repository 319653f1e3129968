import { useSignal } from '@preact/signals';
import { me } from '../api/session.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { CopyButton } from './copy-button.js';
import { deviceOrigins } from './device-origins.js';
import { Choice, into } from './form-fields.js';
import { Icon } from './icon.js';
import { QrCode } from './qr-code.js';

const t = wordsOf<typeof en>('parts');

interface DeviceLinkProps {
  /** The page, from its `/` to the secret behind the `#`, which stays in the browser. */
  readonly path: string;
  /** What the code leads to. */
  readonly label: string;
}

/** A link for another device, as a QR code and as a text. Warns where the box knows no address that the device could reach. */
export function DeviceLink({ path, label }: DeviceLinkProps) {
  const origins = deviceOrigins(location, me.value?.box.origins ?? []);
  const chosen = useSignal('');
  const origin = origins.find((each) => each === chosen.value) ?? origins[0] ?? location.origin;
  const address = origin + path;
  return (
    <>
      {origins.length === 0 && (
        <p role="note">
          <Icon name="warning" /> {t('device-unreachable')}
        </p>
      )}
      {origins.length > 1 && (
        <Choice
          label={t('device-origin')}
          hint={t('device-origin-hint')}
          value={origin}
          options={origins.map((each) => [each, new URL(each).host])}
          onValue={into(chosen)}
        />
      )}
      <QrCode text={address} label={label} />
      <p>
        <code class="link-address">{address}</code> <CopyButton text={address} />
      </p>
    </>
  );
}
