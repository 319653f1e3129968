import { badInput, type RollcallError } from '../../base/errors.js';

/** The backup is genuine, but what it holds cannot be used. */
export function refuseContent(path: string, why: string, cause?: unknown): RollcallError {
  return badInput('backup-unusable', `${path} opens, but its gallery cannot be used: ${why}`, {
    remedy: 'take another backup',
    details: { path },
    cause,
  });
}

/** Templates of different recognisers cannot be compared. */
export function refuseRecogniser(path: string, found: string, configured: string): RollcallError {
  return badInput(
    'recogniser-mismatch',
    `${path} holds templates of the recogniser ${found}, but ${configured} is configured; the two cannot be compared`,
    {
      remedy: `configure the recogniser ${found}, restart and restore again; \`rollcall gallery re-embed\` moves the gallery to another one afterwards`,
      details: { backup: found, configured },
    },
  );
}

export function refuseNewer(path: string, found: number, known: number): RollcallError {
  return badInput(
    'database-newer',
    `the database in ${path} has version ${found}; this program knows versions up to ${known}`,
    {
      remedy: 'install the release that wrote the backup, or a newer one',
      details: { path, version: found, known },
    },
  );
}
