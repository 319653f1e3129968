#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { guardOutput } from '../host/guarded-output.js';
import { hideMemory } from '../host/hidden-memory.js';
import { isRollcallError, messageOf } from '../kernel/errors.js';
import { runDaemon } from './compose/run-daemon.js';

const usage = `rollcalld: reads the configured cameras, recognises enrolled live persons and publishes events.

usage: rollcalld [--config FILE]

  -c, --config FILE  configuration (default /etc/rollcall/rollcall.yaml)
  -h, --help         show this text

Writes its log as JSON lines to standard error, or as entries to the journal if standard error is connected to it.
Exit codes: 0 after SIGTERM or SIGINT, 1 when a part of the box cannot be used, 2 when the configuration or a secret
must be corrected first.
`;

/** Prints the error and sets the exit code. Prints a stack only for defects. */
function fail(error: unknown): void {
  const isInput = isRollcallError(error) && error.kind === 'input';
  const remedy =
    isRollcallError(error) && error.remedy !== undefined ? `\n  what to do: ${error.remedy}` : '';
  const isDefect = !isRollcallError(error) || error.kind === 'defect';
  const text = isDefect && error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  process.stderr.write(`rollcalld: ${text}${remedy}\n`);
  process.exitCode = isInput ? 2 : 1;
}

guardOutput(process.stderr);
try {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', short: 'c', default: '/etc/rollcall/rollcall.yaml' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) process.stdout.write(usage);
  else {
    // Before it holds a secret.
    await hideMemory();
    await runDaemon(values.config);
  }
} catch (error) {
  fail(error);
}
