import { attendanceTable, textCells } from '../../../kernel/attendance/attendance-table.js';
import { csvText } from '../../../kernel/csv.js';
import type en from '../../messages/en/attendance.json';
import { Icon } from '../../parts/icon.js';
import { printPage } from '../../parts/long-table.js';
import { saveFile } from '../../parts/save-file.js';
import { language, wordsOf } from '../../words/words.js';
import type { Report } from './report.js';

const t = wordsOf<typeof en>('attendance');

/** The report as a table for spreadsheets, as `rollcall attendance report --csv --language` writes it, and on paper. */
export function SaveReport({ report }: { readonly report: Report | undefined }) {
  return (
    <div class="acts">
      {(['csv', 'xlsx'] as const).map((form) => (
        <button
          key={form}
          type="button"
          class="small secondary"
          disabled={report === undefined}
          onClick={() => report && void save(report, form)}
        >
          <Icon name="download" />
          {t(form)}
        </button>
      ))}
      <button type="button" class="small secondary" onClick={() => void printPage()}>
        {t('print')}
      </button>
    </div>
  );
}

async function save({ head, rows }: Report, form: 'csv' | 'xlsx'): Promise<void> {
  const table = attendanceTable(rows, language());
  const name = `attendance-${head.site}-${head.from}-${head.to}.${form}`;
  if (form === 'csv') {
    const text = csvText(textCells(table, language()), separator());
    saveFile(new Blob([text], { type: 'text/csv' }), name);
  } else saveFile(await (await import('./spreadsheet.js')).spreadsheet(table), name);
}

/** Spreadsheets follow the formats of the machine, not the language of the console: where decimals have a comma, cells have `;`. */
const separator = () => ((1.5).toLocaleString().includes(',') ? ';' : ',');
