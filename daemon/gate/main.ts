#!/usr/bin/env node
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { guardOutput } from '../host/guarded-output.js';
import { hideMemory } from '../host/hidden-memory.js';
import { openPinoLogger } from '../host/pino-logger.js';
import { programRoot } from '../host/program-files.js';
import { systemClock as clock } from '../host/system-clock.js';
import { messageOf } from '../kernel/errors.js';
import { Gate } from './run-gate.js';
import { readSite } from './site.js';

const usage = `rollcall-gate: takes HTTPS requests from the network and passes them to rollcalld, which decides about each.

usage: rollcall-gate [--folder FOLDER]

  -f, --folder FOLDER  where rollcalld hands over settings, certificate and its socket (default /run/rollcall-gate)
  -h, --help           show this text

It has no configuration of its own: the section "gate" of rollcall.yaml says how it listens. Writes its log as JSON
lines to standard error. Exit codes: 0 after SIGTERM or SIGINT, 2 for a wrong option.
`;

function stopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

async function runGate(folder: string): Promise<void> {
  const ended = stopped();
  // Tokens and passwords of callers pass through it.
  await hideMemory();
  const logger = openPinoLogger({ level: 'info', clock });
  const site = await readSite(
    join(programRoot(), 'dist/program/site'),
    join(programRoot(), 'docs/contract/openapi.yaml'),
  );
  const gate = new Gate({ folder, site, clock, logger, onReady: () => undefined }).start();
  const signal = await ended;
  logger.info('stopping', { signal });
  await gate[Symbol.asyncDispose]();
}

guardOutput(process.stderr);
try {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', short: 'f', default: '/run/rollcall-gate' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) process.stdout.write(usage);
  else await runGate(values.folder);
} catch (error) {
  process.stderr.write(`rollcall-gate: ${messageOf(error)}\n  what to do: Run rollcall-gate --help.\n`);
  process.exitCode = 2;
}
