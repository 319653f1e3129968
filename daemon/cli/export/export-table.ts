import type { PersonProfile } from '../../domain/persons/person-profile.js';
import { csvLine } from '../csv-line.js';
import { type ImportColumn, importColumns, pathSeparator } from '../import/import-columns.js';

/**
 * A table of persons in the form that an import reads: UTF-8 with a byte order mark, without which spreadsheets take
 * another encoding; commas; lines ended as RFC 4180 has it.
 */
export function formatTable(
  rows: readonly { readonly profile: PersonProfile; readonly photographs: readonly string[] }[],
): Buffer {
  const lines = rows.map(({ profile, photographs }) => {
    const cells = cellsOf(profile, photographs);
    return csvLine(importColumns.map((column) => cells[column] ?? ''));
  });
  return Buffer.from(`\ufeff${[importColumns.join(','), ...lines].join('\r\n')}\r\n`, 'utf8');
}

function cellsOf(
  { name, externalId, notes, consent }: PersonProfile,
  photographs: readonly string[],
): Partial<Record<ImportColumn, string>> {
  return {
    name,
    photographs: photographs.join(pathSeparator),
    ...(externalId === undefined ? {} : { external_id: externalId }),
    ...(notes === undefined ? {} : { notes }),
    ...(consent === undefined
      ? {}
      : {
          consent_basis: consent.basis,
          consent_date: consent.dateIso,
          consent_reference: consent.reference,
        }),
  };
}
