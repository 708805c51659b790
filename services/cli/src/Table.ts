/**
 * Text in columns, for a terminal. Cells come from files of strangers: control, direction and invisible characters
 * are shown as escapes, so that no cell can move the cursor or reorder its row; long cells are cut.
 */
export interface Column {
  readonly title: string
  readonly align: "left" | "right"
}

/** No cell is wider, in terminal columns. */
export const maxWidth = 60

/** One string per line, without trailing blanks. */
export const format = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): ReadonlyArray<string> => {
  const lines = [columns.map((column) => column.title), ...rows].map((row) => row.map(shown))
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => width(line[at] ?? ""))))
  return lines.map((line) =>
    columns
      .map(({ align }, at) => {
        const cell = line[at] ?? ""
        const blanks = " ".repeat((widths[at] ?? 0) - width(cell))
        return align === "right" ? blanks + cell : cell + blanks
      })
      .join("  ")
      .trimEnd()
  )
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })

/** On one line, with what cannot be seen as escapes. */
export const visible = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{00A0}]/gu, escaped)

/** Fit for one cell: visible, on one line, at most `maxWidth` wide. */
export const shown = (text: string): string => shownIn(text, maxWidth)

/** Visible, on one line, at most so many terminal columns wide. */
export const shownIn = (text: string, most: number): string => {
  const whole = visible(text)
  if (width(whole) <= most) return whole
  let cut = ""
  for (const { segment } of graphemes.segment(whole)) {
    if (width(cut) + width(segment) >= most) break
    cut += segment
  }
  return `${cut}…`
}

const escaped = (character: string): string =>
  character === "\n" ? "\\n" : character === "\t" ? "\\t" : `\\u{${character.codePointAt(0)?.toString(16)}}`

/** Terminal columns that the text takes. Wide: East Asian wide and full-width forms (UAX #11, by block) and emoji. */
export const width = (text: string): number => {
  if (/^[\x20-\x7e]*$/u.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += wide.test(segment) ? 2 : 1
  return columns
}

const wide =
  /^[\u{1100}-\u{115F}\u{2E80}-\u{303E}\u{3041}-\u{33FF}\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{A000}-\u{A4CF}\u{AC00}-\u{D7A3}\u{F900}-\u{FAFF}\u{FE30}-\u{FE6F}\u{FF00}-\u{FF60}\u{FFE0}-\u{FFE6}]|^\p{Emoji_Presentation}/u
