import type { Command } from 'commander';
import type { BoxStatus } from '../contract/status.js';
import { durationOf } from '../core/doctor/finding.js';
import { statusAreas } from '../core/doctor/status-areas.js';
import { english, type Language } from '../words/language.js';
import { cameraTable } from './camera-table.js';
import { type Paint, paintFor, plain } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { troubleLines } from './finding-text.js';
import { showAnswer } from './show-answer.js';
import type { ShowTime } from './site-time.js';

export function describeStatus(
  status: BoxStatus,
  show: ShowTime,
  paint: Paint = plain,
  language: Language = english,
): string {
  const { version, site, box, uptimeS } = status;
  return [
    language.say('terminal/status', { version, site, box, uptime: durationOf(uptimeS) }),
    ...statusAreas(status, show).flatMap(({ facts, findings }) => [
      ...facts.map((fact) => language.textOf(fact)),
      ...troubleLines(findings, paint, language),
    ]),
    cameraTable(status.cameras, paint, language),
  ].join('\n');
}

export function registerStatus(program: Command): void {
  withCommonOptions(program.command('status'))
    .description('show the state of the daemon: cameras, vision processes, gallery, broker, outbox')
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        ({ client }) => client.call('status.show'),
        (status, { show, language }) => describeStatus(status, show, paintFor(process.stdout), language),
      ),
    );
}
