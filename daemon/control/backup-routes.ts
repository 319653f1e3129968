import type { Context, Hono } from 'hono';
import { wipe } from '../host/sodium.js';
import { decodeBackupRequest, decodeRecoveryKey, decodeRestoreRequest } from './backup-body.js';
import type { BackupControl } from './backup-control.js';
import type { ActorOf } from './request-actor.js';

/** Backups. What somebody typed comes in a framed body, never in a URL, and is wiped when it was used. */
export function addBackupRoutes(app: Hono, backups: BackupControl, actorOf: ActorOf): void {
  app.get('/v1/backup', async (context) => context.json(await backups.status()));
  app.post('/v1/backup/recovery-key', (context) =>
    withBody(context, async (body) => {
      const keyId = await backups.installRecoveryKey(decodeRecoveryKey(body), actorOf(context));
      return context.json({ keyId });
    }),
  );
  app.post('/v1/backup/create', (context) =>
    withBody(context, async (body) =>
      context.json(await backups.create(decodeBackupRequest(body), actorOf(context))),
    ),
  );
  app.post('/v1/backup/restore', (context) =>
    withBody(context, async (body) =>
      context.json(await backups.restore(decodeRestoreRequest(body), actorOf(context))),
    ),
  );
}

async function withBody(context: Context, work: (body: Buffer) => Promise<Response>): Promise<Response> {
  const body = Buffer.from(await context.req.arrayBuffer());
  try {
    return await work(body);
  } finally {
    wipe(body);
  }
}
