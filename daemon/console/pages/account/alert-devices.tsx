import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, type Output } from '../../api/call.js';
import { canShowAlerts, idOfThisDevice, subscribe, unsubscribe } from '../../api/push-subscription.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/account.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { into, Ticks } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, Section } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, dayOf } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('account');

type Found = Output<'alerts.devices'>;
type Device = Found['devices'][number];

/** The devices of the user that show alerts as notifications. Shown where the box pushes alerts, or has pushed some. */
export function AlertDevices() {
  const found = useFetched('alerts.devices', {});
  const { publicKey, devices = [] } = found.value ?? {};
  if (found.fault === undefined && publicKey === undefined && devices.length === 0) return null;
  return (
    <Section title={t('alerts')}>
      <p>{t('alerts-what')}</p>
      <Loaded of={found}>{(value) => <Devices of={value} onChanged={found.reload} />}</Loaded>
    </Section>
  );
}

interface DevicesProps {
  readonly of: Found;
  readonly onChanged: () => unknown;
}

function Devices({ of: { publicKey, devices }, onChanged }: DevicesProps) {
  const here = useSignal<string | undefined>(undefined);
  const chosen = useDialog<Device>();
  useEffect(() => void idOfThisDevice().then(into(here)), [devices]);
  const isOn = devices.some(({ id }) => id === here.value);
  const turnOn = async (): Promise<void> => {
    const made = await subscribe(publicKey ?? '');
    if (made === 'denied' || made === 'failed') {
      say(t(`alerts-${made}`));
      return;
    }
    try {
      await call('alerts.add-device', made);
      say(t('alerts-shown'));
    } catch (error) {
      await unsubscribe();
      throw error;
    }
  };
  const remove = async (id: string): Promise<void> => {
    await call('alerts.remove-device', { id });
    if (id === here.value) await unsubscribe();
  };
  return (
    <>
      {devices.length === 0 ? (
        <p class="quiet">{t('alerts-none')}</p>
      ) : (
        <ul class="plain-list">
          {devices.map((device) => (
            <li key={device.id} class="row">
              <span>
                {device.agent ?? device.service}{' '}
                {device.id === here.value && <Badge tone="ok">{t('alerts-here')}</Badge>}{' '}
                <span class="quiet">
                  {t('added', { time: dayOf(device.createdAt) })},{' '}
                  {t('alerts-rules-count', { count: device.rules?.length ?? -1 })}
                  {device.lastSentAt !== undefined &&
                    `, ${t('alerts-sent', { ago: ago(device.lastSentAt) })}`}
                </span>
              </span>
              <ActionBar
                isSmall
                of={[
                  { text: t('alerts-rules'), onAct: chosen.opens(device) },
                  {
                    text: t('remove'),
                    ask: { title: t('alerts-remove'), text: t('alerts-remove-what'), isDestructive: true },
                    onAct: () => remove(device.id),
                    onDone: onChanged,
                  },
                ]}
              />
            </li>
          ))}
        </ul>
      )}
      {!canShowAlerts && <p class="quiet">{t('alerts-impossible')}</p>}
      <ActionBar
        of={[
          {
            text: t('alerts-on'),
            isOffered: canShowAlerts && publicKey !== undefined && !isOn,
            onAct: turnOn,
            onDone: onChanged,
          },
        ]}
      />
      {chosen.of && <RulesOf device={chosen.of} onClose={chosen.closes(onChanged)} />}
    </>
  );
}

interface RulesOfProps {
  readonly device: Device;
  readonly onClose: (isDone: boolean) => void;
}

/** Which rules a device shows alerts of, among those that push. */
function RulesOf({ device, onClose }: RulesOfProps) {
  const setup = useFetched('alerts.rules', {});
  const chosen = useSignal(device.rules);
  return (
    <Dialog title={t('alerts-rules')} onClose={() => onClose(false)}>
      <Loaded of={setup}>
        {({ rules, channels }) => {
          const pushing = channels.filter(({ kind }) => kind === 'push').map(({ id }) => id);
          const offered = rules
            .filter((rule) => rule.channels.some((each) => pushing.includes(each)))
            .map(({ id }) => id);
          const save = async (): Promise<void> => {
            const wanted = chosen.value ?? offered;
            const isAll = offered.every((each) => wanted.includes(each));
            await call('alerts.change-device', { id: device.id, ...(!isAll && { rules: [...wanted] }) });
            onClose(true);
          };
          return (
            <Form act={t('alerts-rules-save')} onAct={save}>
              {offered.length === 0 && <p>{t('alerts-no-rules')}</p>}
              <Ticks
                options={offered.map((each) => [each, each] as const)}
                chosen={chosen.value ?? offered}
                onChange={into(chosen)}
              />
            </Form>
          );
        }}
      </Loaded>
    </Dialog>
  );
}
