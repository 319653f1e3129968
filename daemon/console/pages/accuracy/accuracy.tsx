import './accuracy.css';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/accuracy.json';
import { Loaded, PageHead, Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { Confusion } from './confusion.js';
import { ErrorRates } from './error-rates.js';
import { OwnThresholds } from './own-thresholds.js';
import { Policies } from './policies.js';
import { Recognition } from './recognition.js';

const t = wordsOf<typeof en>('accuracy');

/** What the cameras see and lose, how well persons are told apart, and what other settings would change. */
export default function Accuracy() {
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <Recognition />
      <Policies />
      {can('gallery:read') && <Gallery />}
    </>
  );
}

function Gallery() {
  const report = useFetched('reports.accuracy', {});
  return (
    <Loaded of={report}>
      {(found) => (
        <>
          <Section title={t('error-rates')}>
            <ErrorRates report={found} />
          </Section>
          <Section title={t('confusion')}>
            <Confusion of={found.confusion} threshold={found.threshold} margin={found.margin} />
          </Section>
          <Section title={t('own-thresholds')}>
            <OwnThresholds report={found} />
          </Section>
        </>
      )}
    </Loaded>
  );
}
