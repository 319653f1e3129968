import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RateClass, rateClasses } from '../../daemon/contract/operation.js';
import { secondPersonClasses } from '../../daemon/kernel/second-person-classes.js';
import { root } from './built.js';

/** The roles of the table by their letters. */
export const roleLetters = {
  A: 'admin',
  O: 'operator',
  T: 'technician',
  V: 'viewer',
  U: 'auditor',
} as const;
export type TableRole = (typeof roleLetters)[keyof typeof roleLetters];

/** One row of permissions.txt, which explains the columns. */
export interface Permission {
  readonly operation: string;
  readonly roles: readonly TableRole[] | 'anyone' | 'box';
  readonly scope: string;
  readonly cameras: '-' | 'filtered' | 'object' | 'refused' | `field:${string}`;
  readonly proof: '-' | 'fresh' | 'some';
  readonly second: string;
  readonly rate: RateClass;
  readonly audit: string;
}

/** The table of who may do what. @throws for a row that says nothing the columns know */
export function readPermissions(): readonly Permission[] {
  const lines = readFileSync(join(root, 'test/support/permissions.txt'), 'utf8').split('\n');
  const [, ...rows] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return rows.map((row) => {
    const cells = row.split(/ +/);
    const [operation = '', roles = '', scope = '', cameras = '', proof = '', second = '', rate = ''] = cells;
    const audit = cells[7] ?? '';
    const isKnown =
      cells.length === 8 &&
      isCameras(cameras) &&
      (proof === '-' || proof === 'fresh' || proof === 'some') &&
      ['-', ...secondPersonClasses].includes(second) &&
      isRateClass(rate);
    if (!isKnown) throw new Error(`permissions.txt: the row of ${operation} is not one: ${row}`);
    return { operation, roles: rolesOf(operation, roles), scope, cameras, proof, second, rate, audit };
  });
}

const isRateClass = (text: string): text is RateClass => rateClasses.some((known) => known === text);

const isCameras = (text: string): text is Permission['cameras'] =>
  ['-', 'filtered', 'object', 'refused'].includes(text) || text.startsWith('field:');

function rolesOf(operation: string, text: string): Permission['roles'] {
  if (text === 'anyone' || text === 'box') return text;
  const letters = Object.entries(roleLetters);
  if (
    text.length !== letters.length ||
    letters.some(([letter], at) => ![letter, '-'].includes(text[at] ?? ''))
  ) {
    throw new Error(`permissions.txt: the roles of ${operation} are not written as AOTVU: ${text}`);
  }
  return letters.flatMap(([letter, role]) => (text.includes(letter) ? [role] : []));
}
