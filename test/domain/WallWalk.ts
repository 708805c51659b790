/**
 * An oracle for the planner: it walks a few days minute by minute, asks `Intl` what the wall clock shows, and applies
 * the rules for gaps and folds as they are written down, without any of the planner's own code.
 */
import * as FastCheck from "fast-check"

type Item =
  | { readonly kind: "all"; readonly step?: number }
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly step?: number }
  | { readonly kind: "from"; readonly from: number; readonly step: number }
  | { readonly kind: "last"; readonly before: number }
  | { readonly kind: "lastWorkday" }
  | { readonly kind: "nearest"; readonly day: number }
  | { readonly kind: "nth"; readonly weekday: number; readonly n: number }
  | { readonly kind: "lastWeekday"; readonly weekday: number }

type Field = ReadonlyArray<Item>

export interface Expression {
  readonly second: Field | null
  readonly minute: Field
  readonly hour: Field
  readonly day: Field
  readonly month: Field
  readonly weekday: Field
}

const steps = (step: number | undefined): string => (step === undefined ? "" : `/${step}`)

const itemText = (item: Item): string => {
  switch (item.kind) {
    case "all":
      return `*${steps(item.step)}`
    case "value":
      return `${item.value}`
    case "range":
      return `${item.from}-${item.to}${steps(item.step)}`
    case "from":
      return `${item.from}/${item.step}`
    case "last":
      return item.before === 0 ? "L" : `L-${item.before}`
    case "lastWorkday":
      return "LW"
    case "nearest":
      return `${item.day}W`
    case "nth":
      return `${item.weekday}#${item.n}`
    case "lastWeekday":
      return `${item.weekday}L`
  }
}

export const text = ({ second, minute, hour, day, month, weekday }: Expression): string =>
  [...(second === null ? [] : [second]), minute, hour, day, month, weekday]
    .map((field) => field.map(itemText).join(","))
    .join(" ")

const ranged = (min: number, max: number, likely: FastCheck.Arbitrary<number>): FastCheck.Arbitrary<Field> => {
  const any = FastCheck.integer({ min, max })
  const value = FastCheck.oneof({ arbitrary: likely, weight: 3 }, { arbitrary: any, weight: 1 })
  const step = FastCheck.integer({ min: 1, max: Math.ceil((max - min) / 2) })
  const pair = FastCheck.tuple(any, any).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
  const item: FastCheck.Arbitrary<Item> = FastCheck.oneof(
    { arbitrary: value.map((value): Item => ({ kind: "value", value })), weight: 4 },
    { arbitrary: pair.map((pair): Item => ({ kind: "range", ...pair })), weight: 1 },
    {
      arbitrary: FastCheck.tuple(pair, step).map(([pair, step]): Item => ({ kind: "range", ...pair, step })),
      weight: 1
    },
    { arbitrary: step.map((step): Item => ({ kind: "all", step })), weight: 1 },
    { arbitrary: FastCheck.record({ kind: FastCheck.constant("from" as const), from: value, step }), weight: 1 }
  )
  return FastCheck.oneof(
    { arbitrary: FastCheck.constant<Field>([{ kind: "all" }]), weight: 2 },
    { arbitrary: FastCheck.array(item, { minLength: 1, maxLength: 3 }), weight: 3 }
  )
}

const mostlyAll = (field: FastCheck.Arbitrary<Field>, weight: number): FastCheck.Arbitrary<Field> =>
  FastCheck.oneof({ arbitrary: FastCheck.constant<Field>([{ kind: "all" }]), weight }, { arbitrary: field, weight: 1 })

const orSpecial = (field: FastCheck.Arbitrary<Field>, special: FastCheck.Arbitrary<Item>): FastCheck.Arbitrary<Field> =>
  FastCheck.oneof(
    { arbitrary: field, weight: 2 },
    { arbitrary: FastCheck.array(special, { minLength: 1, maxLength: 2 }), weight: 1 }
  )

const weekday = FastCheck.integer({ min: 0, max: 6 })

export const expressions: FastCheck.Arbitrary<Expression> = FastCheck.record({
  second: FastCheck.option(ranged(0, 59, FastCheck.constantFrom(0, 30))),
  minute: ranged(0, 59, FastCheck.constantFrom(0, 15, 30, 45)),
  hour: ranged(0, 23, FastCheck.constantFrom(0, 1, 2, 3, 23)),
  day: mostlyAll(
    orSpecial(
      ranged(1, 31, FastCheck.constantFrom(1, 28, 29, 30, 31)),
      FastCheck.oneof(
        FastCheck.integer({ min: 0, max: 4 }).map((before): Item => ({ kind: "last", before })),
        FastCheck.constant<Item>({ kind: "lastWorkday" }),
        FastCheck.integer({ min: 1, max: 28 }).map((day): Item => ({ kind: "nearest", day }))
      )
    ),
    3
  ),
  month: mostlyAll(ranged(1, 12, FastCheck.constantFrom(3, 4, 10, 11, 12)), 8),
  weekday: mostlyAll(
    orSpecial(
      ranged(0, 6, FastCheck.constantFrom(0, 6)),
      FastCheck.oneof(
        FastCheck.tuple(weekday, FastCheck.integer({ min: 1, max: 5 })).map(([weekday, n]): Item => ({
          kind: "nth",
          weekday,
          n
        })),
        weekday.map((weekday): Item => ({ kind: "lastWeekday", weekday }))
      )
    ),
    3
  )
})

interface Wall {
  readonly second: number
  readonly minute: number
  readonly hour: number
  readonly day: number
  readonly month: number
  readonly weekday: number
  readonly length: number
  readonly firstWeekday: number
}

const wallFields = (wall: number): Wall => {
  const date = new Date(wall)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return {
    second: date.getUTCSeconds(),
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    month: month + 1,
    weekday: date.getUTCDay(),
    length: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
    firstWeekday: new Date(Date.UTC(year, month, 1)).getUTCDay()
  }
}

const isWorkday = (day: number, wall: Wall): boolean => {
  const weekday = (wall.firstWeekday + day - 1) % 7
  return weekday !== 0 && weekday !== 6
}

const daysOf = (wall: Wall): ReadonlyArray<number> => Array.from({ length: wall.length }, (_, index) => index + 1)

const matchesItem = (item: Item, value: number, wall: Wall, min: number): boolean => {
  switch (item.kind) {
    case "all":
      return (value - min) % (item.step ?? 1) === 0
    case "value":
      return value === item.value
    case "range":
      return value >= item.from && value <= item.to && (value - item.from) % (item.step ?? 1) === 0
    case "from":
      return value >= item.from && (value - item.from) % item.step === 0
    case "last":
      return wall.length - value === item.before
    case "lastWorkday":
      return isWorkday(value, wall) && daysOf(wall).every((day) => day <= value || !isWorkday(day, wall))
    case "nearest": {
      const distance = (day: number) => Math.abs(day - item.day)
      const workdays = daysOf(wall).filter((day) => isWorkday(day, wall))
      return item.day <= wall.length && workdays.toSorted((a, b) => distance(a) - distance(b))[0] === value
    }
    case "nth":
      return value === item.weekday && Math.ceil(wall.day / 7) === item.n
    case "lastWeekday":
      return value === item.weekday && wall.day + 7 > wall.length
  }
}

const matchesField = (field: Field, value: number, wall: Wall, min: number): boolean =>
  field.some((item) => matchesItem(item, value, wall, min))

const matchesDay = ({ day, month, weekday }: Expression, wall: Wall): boolean => {
  const [isDay, isWeekday] = [matchesField(day, wall.day, wall, 1), matchesField(weekday, wall.weekday, wall, 0)]
  const isOneAny = isStar(day) || isStar(weekday)
  return matchesField(month, wall.month, wall, 1) && (isOneAny ? isDay && isWeekday : isDay || isWeekday)
}

const matchesMinute = (expression: Expression, wall: Wall): boolean =>
  matchesField(expression.minute, wall.minute, wall, 0) &&
  matchesField(expression.hour, wall.hour, wall, 0) &&
  matchesDay(expression, wall)

const calendar = Array.from({ length: 28 * 366 }, (_, day) => wallFields(Date.UTC(2000, 0, 1 + day)))

/** Whether any day of twenty-eight years, after which the calendar repeats, is one of the expression's. */
export const fires = (expression: Expression): boolean => calendar.some((wall) => matchesDay(expression, wall))

const isStar = (field: Field): boolean => field.length === 1 && field.every((item) => itemText(item) === "*")

const repeats = (field: Field): boolean => field.some(({ kind }) => kind !== "value")

/** "How often", not "when": as `Cron.isInterval` says. */
const isInterval = ({ second, minute, hour }: Expression): boolean => {
  const [only] = hour
  const wholeDay =
    hour.length === 1 &&
    only !== undefined &&
    (only.kind === "all" ||
      (only.kind === "from" && only.from < only.step) ||
      (only.kind === "range" && only.from < (only.step ?? 1) && only.to + (only.step ?? 1) > 23))
  return repeats(second ?? []) || repeats(minute) || wholeDay
}

/** What a zone's clock shows for some days, by the minute. */
export interface Walk {
  readonly zone: string
  /** The wall times shown, in order of the instants: minutes on that clock, and when they are shown. */
  readonly instants: ReadonlyMap<number, ReadonlyArray<number>>
  /** The first instant at which the clock was set, or the middle of the walk. */
  readonly change: number
  /** Every wall minute from the first shown to the last, shown or not. */
  readonly walls: ReadonlyArray<readonly [wall: number, fields: Wall]>
}

const minute = 60_000

/** `from` is a whole minute. Zones with offsets of whole minutes only. */
export const walk = (zone: string, from: number, to: number): Walk => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric"
  })
  const instants = new Map<number, Array<number>>()
  let [firstWall, lastWall, previous] = [Infinity, -Infinity, NaN]
  let change = NaN
  for (let instant = from; instant < to; instant += minute) {
    const [month = 0, day = 0, year = 0, hours = 0, minutes = 0] = (format.format(instant).match(/\d+/g) ?? []).map(
      Number
    )
    const wall = Date.UTC(year, month - 1, day, hours, minutes)
    instants.set(wall, [...(instants.get(wall) ?? []), instant])
    if (Number.isNaN(change) && previous + minute !== wall && instant > from) change = instant
    previous = wall
    firstWall = Math.min(firstWall, wall)
    lastWall = Math.max(lastWall, wall)
  }
  const minutes = Array.from({ length: (lastWall - firstWall) / minute + 1 }, (_, index) => firstWall + index * minute)
  if (Number.isNaN(change)) change = (from + to) / 2
  return { zone, instants, change, walls: minutes.map((wall) => [wall, wallFields(wall)]) }
}

/** The instants at which a wall minute fires. */
const resolve = (walk: Walk, wall: number, gap: string, fold: string): ReadonlyArray<number> => {
  const shown = walk.instants.get(wall)
  if (shown !== undefined) return fold === "both" ? shown : fold === "second" ? shown.slice(-1) : shown.slice(0, 1)
  let begin = wall
  while (!walk.instants.has(begin)) begin -= minute
  const lastBefore = walk.instants.get(begin)?.at(-1) ?? NaN
  return gap === "skip" ? [] : gap === "shift" ? [lastBefore + wall - begin] : [lastBefore + minute]
}

/** The instants in [from, to) at which an expression fires; both at least a day inside of the walk. */
export const plan = (
  expression: Expression,
  walk: Walk,
  range: { readonly from: number; readonly to: number },
  rules: { readonly gap: string; readonly fold: string }
): ReadonlyArray<number> => {
  const fold = rules.fold === "auto" ? (isInterval(expression) ? "both" : "first") : rules.fold
  const seconds = Array.from({ length: 60 }, (_, second) => second).filter((second) =>
    expression.second === null
      ? second === 0
      : expression.second.some((item) => matchesItem(item, second, wallFields(0), 0))
  )
  const found = new Set<number>()
  for (const [wall, fields] of walk.walls) {
    if (!matchesMinute(expression, fields)) continue
    const isGap = !walk.instants.has(wall)
    for (const instant of resolve(walk, wall, rules.gap, fold)) {
      for (const second of seconds) found.add(isGap && rules.gap === "at-end" ? instant : instant + second * 1000)
    }
  }
  return Array.from(found)
    .filter((instant) => instant >= range.from && instant < range.to)
    .toSorted((a, b) => a - b)
}

/** What the clock shows at an instant of the walk: the weekday, 0 for Sunday, and the milliseconds since midnight. */
export const shown = (walk: Walk, instant: number): { readonly weekday: number; readonly time: number } => {
  const whole = Math.floor(instant / minute) * minute
  for (const [wall, instants] of walk.instants) {
    if (instants.includes(whole)) {
      const meant = wall + instant - whole
      return { weekday: new Date(meant).getUTCDay(), time: ((meant % 86_400_000) + 86_400_000) % 86_400_000 }
    }
  }
  throw new RangeError(`${instant} lies outside of the walk`)
}
