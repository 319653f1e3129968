import type { Command } from 'commander';
import { registerEvaluateBlinks } from './evaluate-blinks.js';
import { registerEvaluateCompare } from './evaluate-compare.js';
import { registerEvaluateGrouping } from './evaluate-grouping.js';
import { registerEvaluateIdentify } from './evaluate-identify.js';
import { registerEvaluateLiveness } from './evaluate-liveness.js';
import { type OpenEngines, openEngines } from './replay-setup.js';

export function registerEvaluate(program: Command, open: OpenEngines = openEngines): void {
  const evaluate = program
    .command('evaluate')
    .description(
      'measure blink detection, liveness, identification and grouping on recordings, and compare settings',
    );
  registerEvaluateBlinks(evaluate, open);
  registerEvaluateLiveness(evaluate, open);
  registerEvaluateIdentify(evaluate, open);
  registerEvaluateGrouping(evaluate, open);
  registerEvaluateCompare(evaluate, open);
}
