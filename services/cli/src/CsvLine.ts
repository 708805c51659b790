/**
 * One line of a CSV file that is written: RFC 4180, but ended by LF. Spreadsheets and this project read both.
 */
export const of = (cells: ReadonlyArray<string>): string =>
  `${cells.map((cell) => (/["\r\n,;\t|]|^\s|\s$/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`
