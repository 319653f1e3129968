import type { DaemonWeather } from './daemon-weather.js';

/** What kills in one phase came to. */
export interface DaemonRow {
  readonly phase: string;
  kills: number;
  /** Kills before the daemon was ready. */
  unready: number;
  /** Messages of events that arrived while these daemons lived. */
  messages: number;
  /** Changes of persons that they acknowledged. */
  changes: number;
}

const count = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);

/** Counts by the phase of the kill, what befell the broker and parts of the daemon, and the longest waits, milliseconds. */
export class DaemonTally {
  readonly #rows = new Map<string, DaemonRow>();
  readonly #weathers = new Map<string, number>();
  longestStartMs = 0;
  /** From the kill of a daemon to the end of its last vision process or FFmpeg. */
  longestOrphanMs = 0;

  get rows(): readonly DaemonRow[] {
    return [...this.#rows.values()];
  }

  get weathers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#weathers);
  }

  kill(
    phase: string,
    life: { readonly isReady: boolean; readonly messages: number; readonly changes: number },
  ): void {
    const row = this.#rows.get(phase) ?? { phase, kills: 0, unready: 0, messages: 0, changes: 0 };
    this.#rows.set(phase, row);
    row.kills += 1;
    row.unready += life.isReady ? 0 : 1;
    row.messages += life.messages;
    row.changes += life.changes;
  }

  came(weather: DaemonWeather): void {
    count(this.#weathers, weather);
  }

  started(afterMs: number): void {
    this.longestStartMs = Math.max(this.longestStartMs, afterMs);
  }

  orphansEnded(afterMs: number): void {
    this.longestOrphanMs = Math.max(this.longestOrphanMs, afterMs);
  }
}

/** How many of each name, most first, as `a 3, b 1`. */
export function countsText(names: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const name of names) count(counts, name);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ');
}

/** The rows and their sum as a table in Markdown. */
export function daemonTable(rows: readonly DaemonRow[]): string {
  const sum = (of: (row: DaemonRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const all = {
    phase: 'all',
    kills: sum(({ kills }) => kills),
    unready: sum(({ unready }) => unready),
    messages: sum(({ messages }) => messages),
    changes: sum(({ changes }) => changes),
  };
  return [
    '| killed | kills | before it was ready | events that came meanwhile | changes acknowledged |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...[...rows, all].map(
      ({ phase, kills, unready, messages, changes }) =>
        `| ${phase} | ${kills} | ${unready} | ${messages} | ${changes} |`,
    ),
  ].join('\n');
}
