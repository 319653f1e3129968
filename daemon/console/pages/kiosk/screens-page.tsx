import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/kiosk.json';
import { ActionBar } from '../../parts/actions.js';
import { DeviceLink } from '../../parts/device-link.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { bound, Choice, Field, into } from '../../parts/form-fields.js';
import { Badge, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, dayAndTime, dayOf } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('kiosk');

type Screen = Output<'screens.list'>[number];
type Added = Output<'screens.add'>;

/** The tablets that show the prompts of challenges. */
export default function Screens() {
  const screens = useFetched('screens.list', {}, { everyMs: 10_000 });
  const cameras = useFetched('cameras.list', {});
  const adding = useDialog();
  const mayChange = can('cameras:write');
  const names = new Map(cameras.value?.map(({ id, name }) => [id, name]));
  return (
    <>
      <PageHead
        title={t('screens')}
        lead={t('screens-lead')}
        back={toSystem()}
        actions={[
          {
            text: t('add'),
            look: 'primary',
            isOffered: mayChange && can('prompts:show'),
            onAct: adding.opens(true),
          },
        ]}
      />
      <Section title={t('screens')}>
        <Loaded of={screens} empty={t('no-screens')}>
          {(found) => (
            <ScreenTable
              screens={found}
              nameOf={(camera) => names.get(camera) ?? camera}
              {...(mayChange && { onRemoved: screens.reload })}
            />
          )}
        </Loaded>
      </Section>
      {adding.of && (
        <AddScreen cameras={cameras.value ?? []} onClose={() => adding.closes(screens.reload)()} />
      )}
    </>
  );
}

interface ScreenTableProps {
  readonly screens: readonly Screen[];
  readonly nameOf: (camera: string) => string;
  /** Absent for callers who may not remove any. */
  readonly onRemoved?: () => Promise<void>;
}

function ScreenTable({ screens, nameOf, onRemoved }: ScreenTableProps) {
  return (
    <Table
      label={t('screens')}
      items={screens}
      keyOf={({ id }) => id}
      columns={[
        { head: t('label'), cell: ({ label }) => label },
        { head: t('camera'), cell: ({ camera }) => nameOf(camera) },
        { head: t('state'), cell: (screen) => <StateOf screen={screen} /> },
        { head: t('paired-from'), isMinor: true, cell: ({ address }) => address ?? '' },
        ...(onRemoved === undefined
          ? []
          : [
              {
                head: t('acts'),
                cell: ({ id, label }: Screen) => (
                  <ActionBar
                    place="start"
                    of={[
                      {
                        text: t('remove'),
                        label: t('remove-named', { label }),
                        look: 'plain',
                        ask: {
                          title: t('remove-named', { label }),
                          text: t('remove-lead'),
                          isDestructive: true,
                        },
                        onAct: () => call('screens.remove', { id }),
                        onDone: onRemoved,
                      },
                    ]}
                  />
                ),
              },
            ]),
      ]}
    />
  );
}

function StateOf({ screen: { pairUntil, lastSeenAt, expiresAt } }: { readonly screen: Screen }) {
  if (pairUntil !== undefined) {
    return <Badge tone="warn">{t('waits', { until: dayAndTime(pairUntil) })}</Badge>;
  }
  return (
    <>
      <Badge tone="ok">{t('paired')}</Badge>{' '}
      <span class="quiet">
        {lastSeenAt !== undefined && t('seen', { when: ago(lastSeenAt) })}{' '}
        {expiresAt !== undefined && t('until', { day: dayOf(expiresAt) })}
      </span>
    </>
  );
}

interface AddScreenProps {
  readonly cameras: readonly { readonly id: string; readonly name: string }[];
  readonly onClose: () => void;
}

function AddScreen({ cameras, onClose }: AddScreenProps) {
  const chosen = useSignal('');
  // The cameras may come after the dialog was opened.
  const camera = chosen.value || cameras[0]?.id || '';
  const label = useSignal('');
  const added = useSignal<Added | undefined>(undefined);
  const add = async (): Promise<void> => {
    added.value = await call('screens.add', { camera, label: label.value });
  };
  if (added.value !== undefined) return <PairScreen added={added.value} onClose={onClose} />;
  return (
    <Dialog title={t('add')} onClose={onClose}>
      <Form act={t('add')} onAct={add}>
        <Choice
          label={t('camera')}
          value={camera}
          options={cameras.map(({ id, name }) => [id, name])}
          onValue={into(chosen)}
        />
        <Field label={t('label')} hint={t('label-hint')} {...bound(label)} required maxLength={100} />
      </Form>
    </Dialog>
  );
}

function PairScreen({
  added: { screen, secret },
  onClose,
}: {
  readonly added: Added;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={t('open-on-tablet')} onClose={onClose}>
      <p>{t('open-on-tablet-lead', { until: dayAndTime(screen.pairUntil ?? new Date()) })}</p>
      <DeviceLink path={`/kiosk#${secret}`} label={t('qr-label')} />
      <p class="quiet">{t('open-on-tablet-warning')}</p>
    </Dialog>
  );
}
