/**
 * Lines of a CSV file that is written: RFC 4180, but ended by LF. Spreadsheets and this project read both.
 */
export const of = (cells: ReadonlyArray<string>): string =>
  `${cells.map((cell) => (/["\r\n,;\t|]|^\s|\s$/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`

/**
 * Spreadsheets take a cell that begins like this for a formula, also one that a stranger wrote (OWASP, CSV injection).
 * An apostrophe keeps it text; a number in E.164 is none.
 */
export const harmless = (cell: string): string =>
  /^[=+\-@\t\r]/u.test(cell) && !/^\+\d{1,15}$/u.test(cell) ? `'${cell}` : cell
