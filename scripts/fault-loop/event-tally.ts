import type { NotedFact } from './event-journal.js';
import type { Weather } from './event-weather.js';

/** What kills at one point came to. */
export interface EventRow {
  readonly point: string;
  kills: number;
  /** Facts whose recording was noted in these lives. */
  recorded: number;
  /** Kills between the beginning of a recording and its note. */
  within: number;
}

/** Counts by the point of the kill, and what befell the broker. */
export class EventTally {
  readonly #rows = new Map<string, EventRow>();
  readonly #weathers = new Map<Weather, number>();

  get rows(): readonly EventRow[] {
    return [...this.#rows.values()];
  }

  get weathers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#weathers);
  }

  /** `life`: what was noted in the life that the kill ended. */
  kill(point: string, life: readonly NotedFact[]): void {
    const row = this.#rows.get(point) ?? { point, kills: 0, recorded: 0, within: 0 };
    this.#rows.set(point, row);
    const recorded = life.filter((fact) => fact.recorded !== undefined).length;
    row.kills += 1;
    row.recorded += recorded;
    row.within += life.length - recorded;
  }

  came(weather: Weather): void {
    this.#weathers.set(weather, (this.#weathers.get(weather) ?? 0) + 1);
  }
}

/** The rows and their sum as a table in Markdown. */
export function eventTable(rows: readonly EventRow[]): string {
  const sum = (of: (row: EventRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const all = {
    point: 'all',
    kills: sum(({ kills }) => kills),
    recorded: sum(({ recorded }) => recorded),
    within: sum(({ within }) => within),
  };
  return [
    '| killed at | kills | recorded | within |',
    '| --- | ---: | ---: | ---: |',
    ...[...rows, all].map(
      ({ point, kills, recorded, within }) => `| ${point} | ${kills} | ${recorded} | ${within} |`,
    ),
  ].join('\n');
}
