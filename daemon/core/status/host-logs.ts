import type { Caller } from '../../contract/caller.js';
import type { LogLine } from '../../contract/host.js';
import type { HandlerInput, Page } from '../../contract/operation.js';
import type { Operations } from '../../contract/operations.js';
import type { RecentLog } from '../../host/recent-log.js';
import { logLevels } from '../../kernel/logger.js';

type Question = HandlerInput<Operations['host.logs']>;

/** A page of the latest log lines, newest first. */
export function logPage(log: RecentLog, question: Question, caller: Caller): Page<LogLine> {
  const { limit, cursor, level, camera, text } = question;
  const least = logLevels.indexOf(level);
  const wanted = text?.toLowerCase();
  const items: LogLine[] = [];
  for (const { number, text: written } of log.newestFirst()) {
    if (cursor !== undefined && number >= Number(cursor)) continue;
    if (wanted !== undefined && !written.toLowerCase().includes(wanted)) continue;
    const line = lineOf(number, written);
    if (line === undefined || logLevels.indexOf(line.level) < least) continue;
    if (camera !== undefined && line.camera !== camera) continue;
    if (caller.cameras !== undefined && !caller.cameras.has(line.camera ?? '')) continue;
    items.push(line);
    if (items.length > limit) break;
  }
  const page = items.slice(0, limit);
  return { items: page, nextCursor: items.length > limit ? String(page.at(-1)?.number) : undefined };
}

/** Undefined for a line that is not of the logger. */
function lineOf(number: number, written: string): LogLine | undefined {
  const fields = parsed(written);
  const { level: given, time, message, ...rest } = fields;
  const level = logLevels.find((each) => each === given);
  if (level === undefined || typeof time !== 'string') return undefined;
  const camera = rest['camera'] ?? objectOf(rest['said'])['camera'];
  return {
    ...{ number, at: time, level, message: String(message), fields: rest },
    ...(typeof camera === 'string' && { camera }),
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    // A line that another part of the program wrote.
    return {};
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};
