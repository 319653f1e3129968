import type { OperationId, Operations } from '../../../contract/operations.js';
import { call, type Output } from '../../api/call.js';
import { me } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/approvals.json';
import { ActionBar } from '../../parts/actions.js';
import { Confirm } from '../../parts/dialog.js';
import { say } from '../../parts/notes.js';
import { Badge, Facts, Loaded, PageHead, Section, type Tone, toSystem } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, clockTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('approvals');

type Approval = Output<'approvals.list'>['items'][number];
/** The operations for which the configuration can demand a second person. */
type Guarded = {
  [Id in OperationId]: Operations[Id] extends { readonly secondPerson: string } ? Id : never;
}[OperationId];

const tones: Readonly<Record<Approval['state'], Tone>> = {
  waiting: 'warn',
  approved: 'ok',
  refused: 'bad',
  used: 'quiet',
};
/** A second person decides while the first one waits beside them. */
const everyMs = 5000;

/** What waits for a second person. */
export default function Approvals() {
  const approvals = useFetched('approvals.list', {}, { everyMs });
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} back={toSystem()} />
      <Loaded of={approvals} empty={t('none')}>
        {({ items }) => items.map((each) => <Request key={each.id} of={each} onDecided={approvals.reload} />)}
      </Loaded>
    </>
  );
}

interface RequestProps {
  readonly of: Approval;
  readonly onDecided: () => Promise<void>;
}

function Request({ of: approval, onDecided }: RequestProps) {
  const { id, operation, askedBy, state } = approval;
  const isOwn = askedBy.id === me.value?.user?.id;
  const approving = useDialog();
  const isOpen = state === 'waiting' || state === 'approved';
  return (
    // The box asks a second person for these operations and no others.
    <Section
      title={t(`do-${operation as Guarded}`)}
      acts={<Badge tone={tones[state]}>{t(`state-${state}`)}</Badge>}
    >
      <Fields of={approval} isOwn={isOwn} />
      {isOwn && state === 'approved' && <p role="status">{t('repeat')}</p>}
      {isOpen && (
        <ActionBar
          of={[
            {
              text: isOwn ? t('take-back') : t('refuse'),
              onAct: () => call('approvals.refuse', { id }),
              onDone: async () => {
                say(isOwn ? t('taken-back') : t('refused'));
                await onDecided();
              },
            },
            {
              text: t('approve'),
              look: 'primary',
              isOffered: !isOwn && state === 'waiting',
              onAct: approving.opens(true),
            },
          ]}
        />
      )}
      {approving.of && (
        <Confirm
          title={t('approve-title', { name: askedBy.userName })}
          act={t('approve')}
          onAct={async () => {
            await call('approvals.approve', { id });
            say(t('approved', { name: askedBy.userName }));
          }}
          onClose={() => approving.closes(onDecided)()}
        >
          <p>{t('approve-what', { name: askedBy.userName })}</p>
          <Fields of={approval} isOwn={isOwn} />
        </Confirm>
      )}
    </Section>
  );
}

function Fields({ of, isOwn }: { readonly of: Approval; readonly isOwn: boolean }) {
  const fields = Object.entries(of.input);
  return (
    <>
      <Facts
        of={[
          [t('asked-by'), isOwn ? t('own') : of.askedBy.userName],
          [t('asked-at'), ago(of.askedAt)],
          [t('expires'), clockTime(of.expiresAt)],
          [t('decided-by'), of.decidedBy],
        ]}
      />
      <h3>{t('details')}</h3>
      <p>
        <code>{of.operation}</code>
      </p>
      {fields.length === 0 ? (
        <p class="quiet">{t('no-details')}</p>
      ) : (
        <Facts of={fields.map(([name, value]) => [name, <code key={name}>{textOf(value)}</code>] as const)} />
      )}
    </>
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
