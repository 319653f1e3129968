import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PassagesPreview, PreviewedPolicy } from '../../contract/reports.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { livenessRequirements } from '../../kernel/liveness/liveness.js';
import { present } from '../../kernel/present.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { showAnswer } from '../show-answer.js';
import type { SiteTime } from '../site-time.js';
import { whichCameraOfRecords } from '../which-camera.js';

interface PreviewOptions extends CommonOptions, PreviewedPolicy {
  readonly camera?: string;
  readonly last: number;
}

/** Passages that the text lists. */
const shownPassages = 20;

function numberOf(text: string): number {
  if (/^-?\d*\.?\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a number');
}

export function registerPreview(report: Command): void {
  withCommonOptions(report.command('preview'))
    .option('--camera <camera>', 'only passages at this camera')
    .option('-n, --last <count>', 'how many ended passages, the newest ones', numberOf, 100)
    .option('--threshold <similarity>', 'identification.threshold', numberOf)
    .option('--margin <similarity>', 'identification.margin', numberOf)
    .option('--minimum-probes <count>', 'identification.minimumProbes', numberOf)
    .addOption(new Option('--require <proof>', 'liveness.require').choices(livenessRequirements))
    .option('--minimum-blinks <count>', 'liveness.minimumBlinks', numberOf)
    .option('--attack-after-s <seconds>', 'liveness.attackAfterS', numberOf)
    .option('--smallest-face-px <pixels>', 'smallestFacePx of the camera', numberOf)
    .option('--proving-fps <rate>', 'frames analysed a second until life is proven', numberOf)
    .description('tell what the last passages would have become with other settings; nothing changes')
    .action((options: PreviewOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { camera, last } = options;
          return await client.call('reports.preview', {
            camera: camera === undefined ? undefined : await whichCameraOfRecords(client, camera),
            ...{ last, policies: [policyOf(options)] },
          });
        },
        describePreview,
      ),
    );
}

/** @throws `settings-missing` (input) */
function policyOf(options: PreviewedPolicy): PreviewedPolicy {
  const { threshold, margin, minimumProbes, require, minimumBlinks } = options;
  const { attackAfterS, smallestFacePx, provingFps } = options;
  const policy = present({
    ...{ threshold, margin, minimumProbes, require, minimumBlinks },
    ...{ attackAfterS, smallestFacePx, provingFps },
  });
  if (Object.keys(policy).length > 0) return policy;
  throw badInput('settings-missing', 'no setting is given that would differ', {
    remedy: 'Give at least one, such as --threshold 0.6.',
  });
}

function describePreview(
  { passages, unreadable, recorded, policies }: PassagesPreview,
  { show }: SiteTime,
): string {
  const [policy] = policies;
  if (policy === undefined || passages === 0) return 'There are no ended passages to judge again.';
  const { byOutcome, changed, unknown } = policy;
  const before = new Map(Object.entries(recorded));
  const after = new Map(Object.entries(byOutcome));
  const outcomes = [...new Set([...before.keys(), ...after.keys()])];
  const rows = outcomes.map((outcome) => [
    ...[outcome, String(before.get(outcome) ?? 0), String(after.get(outcome) ?? 0)],
  ]);
  const cells = changed
    .slice(0, shownPassages)
    .map(({ id, camera, startedAt, recorded: was, wouldBe }) => [
      ...[id, camera, show(startedAt)],
      ...[was, wouldBe].map(({ outcome, reason }) => `${outcome} (${reason})`),
    ]);
  const rest = changed.length - cells.length;
  return [
    `${counted(passages, 'passage')} judged again: ${changed.length} would change`,
    ...(unreadable === 0 ? [] : [`${counted(unreadable, 'passage')} cannot be opened`]),
    ...(unknown.length === 0 ? [] : [`of ${counted(unknown.length, 'passage')}, the box cannot say it`]),
    table(['outcome', 'recorded', 'would be'], rows),
    ...(cells.length === 0 ? [] : [table(['passage', 'camera', 'from', 'recorded', 'would be'], cells)]),
    ...(rest > 0 ? [`and ${rest} more; --json has all`] : []),
  ].join('\n');
}
