import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/kiosk.json';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Choice, Field } from '../../parts/field.js';
import { Form } from '../../parts/form.js';
import { Badge, Empty, Loaded, PageHead, Section } from '../../parts/page.js';
import { QrCode } from '../../parts/qr-code.js';
import { Table } from '../../parts/table.js';
import { ago, dayAndTime, dayOf } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('kiosk');

type Screen = Output<'screens.list'>[number];
type Added = Output<'screens.add'>;

/** The tablets that show the prompts of challenges. */
export default function Screens() {
  const screens = useFetched('screens.list', {}, { everyMs: 10_000 });
  const cameras = useFetched('cameras.list', {});
  const isAdding = useSignal(false);
  const removed = useSignal<Screen | undefined>(undefined);
  const mayChange = can('cameras:write');
  const names = new Map(cameras.value?.map(({ id, name }) => [id, name]));
  return (
    <>
      <PageHead title={t('screens')} lead={t('screens-lead')} back={{ href: '/system', text: t('system') }}>
        {mayChange && can('prompts:show') && (
          <button type="button" onClick={() => (isAdding.value = true)}>
            {t('add')}
          </button>
        )}
      </PageHead>
      <Section title={t('screens')}>
        <Loaded of={screens}>
          {(found) => (
            <ScreenTable
              screens={found}
              nameOf={(camera) => names.get(camera) ?? camera}
              {...(mayChange && { onRemove: (screen) => (removed.value = screen) })}
            />
          )}
        </Loaded>
      </Section>
      {isAdding.value && (
        <AddScreen
          cameras={cameras.value ?? []}
          onClose={() => {
            isAdding.value = false;
            void screens.reload();
          }}
        />
      )}
      {removed.value !== undefined && (
        <RemoveScreen
          screen={removed.value}
          onClose={() => {
            removed.value = undefined;
            void screens.reload();
          }}
        />
      )}
    </>
  );
}

interface ScreenTableProps {
  readonly screens: readonly Screen[];
  readonly nameOf: (camera: string) => string;
  readonly onRemove?: (screen: Screen) => void;
}

function ScreenTable({ screens, nameOf, onRemove }: ScreenTableProps) {
  if (screens.length === 0) return <Empty>{t('no-screens')}</Empty>;
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
        ...(onRemove === undefined
          ? []
          : [
              {
                head: t('acts'),
                cell: (screen: Screen) => (
                  <button
                    type="button"
                    class="plain"
                    aria-label={t('remove-named', { label: screen.label })}
                    onClick={() => onRemove(screen)}
                  >
                    {t('remove')}
                  </button>
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
  const camera = useSignal(cameras[0]?.id ?? '');
  const label = useSignal('');
  const added = useSignal<Added | undefined>(undefined);
  const act = useAct();
  const add = () =>
    act.run(async () => {
      added.value = await call('screens.add', { camera: camera.value, label: label.value });
    });
  if (added.value !== undefined) return <PairScreen added={added.value} onClose={onClose} />;
  return (
    <Dialog title={t('add')} onClose={onClose}>
      <Form act={t('add')} onAct={add} doing={act}>
        <Choice
          label={t('camera')}
          value={camera.value}
          options={cameras.map(({ id, name }) => [id, name])}
          onValue={(id) => (camera.value = id)}
        />
        <Field
          label={t('label')}
          hint={t('label-hint')}
          value={label.value}
          onValue={(text) => (label.value = text)}
          required
          maxLength={100}
        />
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
  // Behind the number sign, the secret stays in the browser.
  const address = `${location.origin}/kiosk#${secret}`;
  return (
    <Dialog title={t('open-on-tablet')} onClose={onClose}>
      <p>{t('open-on-tablet-lead', { until: dayAndTime(screen.pairUntil ?? new Date()) })}</p>
      <QrCode text={address} label={t('qr-label')} />
      <p>
        <code>{address}</code>
      </p>
      <p class="quiet">{t('open-on-tablet-warning')}</p>
    </Dialog>
  );
}

function RemoveScreen({ screen, onClose }: { readonly screen: Screen; readonly onClose: () => void }) {
  return (
    <Confirm
      title={t('remove-named', { label: screen.label })}
      act={t('remove')}
      isDestructive
      onAct={() => call('screens.remove', { id: screen.id })}
      onClose={onClose}
    >
      <p>{t('remove-lead')}</p>
    </Confirm>
  );
}
