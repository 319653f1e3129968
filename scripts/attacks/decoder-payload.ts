import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { boundChild } from '../../daemon/host/bound-child.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { exitOf } from '../child-end.js';

// In the place of the vision program: starts the payload as vision starts a decoder.
const command = boundChild('/usr/bin/python3', [
  '-B',
  join(programRoot(), 'scripts/attacks/payload.py'),
  process.argv[2] ?? '',
]);
const child = spawn(command.program, command.arguments, { stdio: ['ignore', 'inherit', 'inherit'] });
process.exitCode = (await exitOf(child)).code ?? 1;
