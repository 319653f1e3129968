import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canHideAbstractSockets } from '../../host/landlock.js';
import { doctor, type Finding, finding } from './finding.js';

/** `__SO_ACCEPTCON` (linux/net.h): the socket listens. */
const listening = 0x1_0000;

/**
 * Programs that listen at Unix sockets without a file: a gate that was taken over can connect to them, because they belong to its network
 * and no file hides them. Nothing where no gate is installed, none listens, or the kernel can hide them.
 */
export async function abstractSocketFindings({
  installed = '/etc/systemd/system',
  table = '/proc/net/unix',
  canHide = canHideAbstractSockets,
} = {}): Promise<readonly Finding[]> {
  if (!existsSync(join(installed, 'rollcall-gate.service'))) return [];
  if (await canHide()) return [];
  const names = abstractListeners(await readFile(table, 'utf8').catch(() => ''));
  if (names.length === 0) return [];
  return [
    finding(doctor('check-abstract-sockets'), 'warning', {
      message: doctor('abstract-sockets', { names: names.join(', ') }),
      remedy: doctor('remedy-abstract-sockets'),
    }),
  ];
}

/** The names in the table of Unix sockets (proc_pid_net(5)), as `ss` shows them. Pure. */
function abstractListeners(text: string): readonly string[] {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const found = rows.flatMap(([, , , flags = '', , , , path = '']) =>
    path.startsWith('@') && (Number.parseInt(flags, 16) & listening) !== 0 ? [path] : [],
  );
  return [...new Set(found)].toSorted();
}
