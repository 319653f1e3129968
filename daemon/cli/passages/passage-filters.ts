import { type Command, Option } from 'commander';
import type { CallInput } from '../../contract/operation.js';
import type { Operations } from '../../contract/operations.js';
import type { ControlClient } from '../../core/api/client.js';
import { passageOutcomes } from '../../kernel/passage-outcome.js';
import { passageReasons } from '../../kernel/passages/passage-reason.js';
import { personForms, personOption } from '../person/which-person.js';
import type { SiteTime } from '../site-time.js';
import { whichCameraOfRecords } from '../which-camera.js';

export interface FilterOptions {
  readonly camera?: string;
  readonly person?: string;
  readonly stranger?: string;
  readonly outcome?: (typeof passageOutcomes)[number];
  readonly reason?: (typeof passageReasons)[number];
}

/** The filters that `list` and `tail` have in common. */
export type PassageFilters = Pick<
  CallInput<Operations['passages.list']>,
  'camera' | 'person' | 'stranger' | 'outcome' | 'reason'
>;

export function withFilters(command: Command): Command {
  return command
    .option('--camera <camera>', 'only passages at this camera')
    .option('--person <person>', `only passages of this person: ${personForms}`)
    .option('--stranger <stranger>', 'only passages of the stranger with this id')
    .addOption(new Option('--outcome <outcome>', 'only passages with this outcome').choices(passageOutcomes))
    .addOption(new Option('--reason <reason>', 'only passages with this reason').choices(passageReasons));
}

export async function filtersOf(
  options: FilterOptions,
  client: ControlClient,
  time: SiteTime,
): Promise<PassageFilters> {
  const { camera, stranger, outcome, reason } = options;
  return {
    camera: camera === undefined ? undefined : await whichCameraOfRecords(client, camera),
    person: await personOption(options, client, time),
    ...{ stranger, outcome, reason },
  };
}
