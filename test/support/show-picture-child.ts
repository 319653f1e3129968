// Shows the JPEG at the path named first, then reads a line and prints it: an answer of the terminal that came too late would be in it.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { showPicture } from '../../daemon/cli/terminal-picture.js';
import { guardOutput } from '../../daemon/host/guarded-output.js';

guardOutput(process.stdout);
await showPicture(await readFile(process.argv[2] ?? ''), 'face');
const reader = createInterface({ input: process.stdin, output: process.stdout });
process.stdout.write(`read: ${JSON.stringify(await reader.question('next? '))}\n`);
reader.close();
