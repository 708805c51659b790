/**
 * Colours for a terminal. Without them every function gives its text back as it is.
 */
export interface Ink {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly red: (text: string) => string
  readonly cyan: (text: string) => string
  readonly magenta: (text: string) => string
  readonly blue: (text: string) => string
}

const asIs = (text: string): string => text

export const plain: Ink = {
  bold: asIs,
  dim: asIs,
  green: asIs,
  yellow: asIs,
  red: asIs,
  cyan: asIs,
  magenta: asIs,
  blue: asIs
}

const sgr = (on: number, off: number) => (text: string) => `\u001B[${on}m${text}\u001B[${off}m`

export const coloured: Ink = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  red: sgr(31, 39),
  cyan: sgr(36, 39),
  magenta: sgr(35, 39),
  blue: sgr(34, 39)
}

const sequence = /\p{Cc}\[[\d;]*m/gu

/** The line without its colours. */
export const bare = (line: string): string => line.replaceAll(sequence, "")

/** At most `columns` wide, colours not counted; what is cut ends in an ellipsis. `widthOf` measures one character. */
export const cut = (line: string, columns: number, widthOf: (text: string) => number): string => {
  if (widthOf(bare(line)) <= columns) return line
  let kept = ""
  let used = 0
  for (const [part] of line.matchAll(/\p{Cc}\[[\d;]*m|./gsu)) {
    const width = part.startsWith("\u001B") ? 0 : widthOf(part)
    if (used + width >= columns) break
    kept += part
    used += width
  }
  return `${kept}\u001B[0m…`
}
