import { badInput, type RollcallError } from '../../kernel/errors.js';

/** The error for a genuine backup with unusable content. */
export function refuseContent(path: string, why: string, cause?: unknown): RollcallError {
  return badInput(
    'backup-unusable',
    `the backup ${path} can be opened, but its gallery cannot be used: ${why}`,
    {
      remedy: 'Use another backup.',
      details: { path },
      cause,
    },
  );
}

/** Templates of different recognisers cannot be compared. */
export function refuseRecogniser(path: string, found: string, configured: string): RollcallError {
  return badInput(
    'recogniser-mismatch',
    `${path} has templates of the recogniser ${found}, but ${configured} is configured`,
    {
      remedy: `Configure the recogniser ${found}, restart and restore again. Then \`rollcall gallery re-embed\` moves the gallery to another one.`,
      details: { backup: found, configured },
    },
  );
}

export function refuseNewer(path: string, found: number, known: number): RollcallError {
  return badInput(
    'database-newer',
    `the database in ${path} has version ${found}; this program supports versions up to ${known}`,
    {
      remedy: 'Install the version of rollcall that wrote the backup, or a newer one.',
      details: { path, version: found, known },
    },
  );
}
