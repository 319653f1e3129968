import { PageHead } from '../../parts/page.js';

export default function Account() {
  return <PageHead title="" />;
}
