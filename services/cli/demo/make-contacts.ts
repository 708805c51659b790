/**
 * Writes `contacts.csv` beside it: the parents of a school, as a spreadsheet would export them, dirt included.
 * The same bytes each time: `node services/cli/demo/make-contacts.ts`.
 *
 * No number here should belong to anybody. Indonesian ones use prefixes that public lists show as assigned to no
 * operator (0834-0837, 0860-0867), American ones 555-01xx, German ones the range that the Bundesnetzagentur keeps
 * for films. Malaysia and Singapore keep none: their few numbers end in zeros. Nothing sends to any of them: the
 * demo talks to a simulator on this machine.
 */
import { writeFileSync } from "node:fs"

const size = 5000

/** Numerical Recipes' linear congruential generator: small, and the same everywhere. */
let state = 20_261_122
const chance = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 4_294_967_296
}
const below = (bound: number): number => Math.floor(chance() * bound)
const pick = <A>(values: ReadonlyArray<A>): A => {
  const value = values[below(values.length)]
  if (value === undefined) throw new RangeError("nothing to pick from")
  return value
}
const listed = (text: string): ReadonlyArray<string> => text.split(",").map((word) => word.trim())
const digits = (count: number): string => Array.from({ length: count }, () => below(10)).join("")

const first = listed(`
  Budi, Siti, Agus, Dewi, Eko, Fitri, Gita, Hendra, Indah, Joko, Kartika, Lestari, Made, Nengah, Nur,
  Oktavia, Putri, Rahmat, Ratna, Rina, Slamet, Sri, Taufik, Tri, Utami, Wahyu, Wayan, Yanti, Yohanes,
  Zulkifli, Maria, Yosef, Dominggus, Marthen, Naomi, Nurul Aini, I Ketut
`)
const last = listed(`
  Santoso, Wijaya, Saputra, Lestari, Hidayat, Nugroho, Siregar, Simanjuntak, Nasution, Harahap,
  Pratama, Kusuma, Setiawan, Rahayu, Susanti, Gunawan, Halim, Tanjung, Wulandari, Suryani, Pattiasina,
  Rumbiak, Wanggai, Daeng Mattola, Ma'ruf, Al-Farisi, O'Brien
`)
const children = listed(`
  Aisyah, Bagas, Citra, Dimas, Elang, Farhan, Galih, Hana, Intan, Jihan, Kevin, Laras, Nadia, Rafi,
  Salsabila, Tegar, Vania, Yusuf, Zahra
`)
const places = [
  { zone: "Asia/Jakarta", cities: listed("Jakarta, Bandung, Surabaya, Medan, Yogyakarta") },
  { zone: "Asia/Pontianak", cities: listed("Pontianak") },
  { zone: "Asia/Makassar", cities: listed("Makassar, Denpasar, Kupang, Balikpapan") },
  { zone: "Asia/Jayapura", cities: listed("Jayapura, Ambon, Sorong") }
]
const cities = places.flatMap(({ zone, cities }) => cities.map((city) => ({ city, zone })))
const abroad = [
  { city: "Kuala Lumpur", zone: "Asia/Kuala_Lumpur", number: () => `+6012${digits(5)}00`, count: 60 },
  { city: "Singapore", zone: "Asia/Singapore", number: () => `+658${digits(4)}000`, count: 40 },
  {
    city: "New York",
    zone: "America/New_York",
    number: () => `+1${pick(["212", "646", "917"])}55501${digits(2)}`,
    count: 20
  },
  { city: "Berlin", zone: "Europe/Berlin", number: () => `+4917604069${digits(3)}`, count: 20 }
]

/** National significant number of an Indonesian mobile: 8, an unassigned prefix, 11 digits in all. */
const taken = new Set<string>()
const indonesian = (): string => {
  const number = `${pick(["860", "861", "862", "863", "864", "865", "866", "867", "834", "835", "836", "837"])}${digits(8)}`
  if (taken.has(number)) return indonesian()
  taken.add(number)
  return number
}

const grouped = (nsn: string, by: string): string => [nsn.slice(0, 3), nsn.slice(3, 7), nsn.slice(7)].join(by)
const fullWidth = (text: string): string =>
  text.replaceAll(/\d/gu, (digit) => String.fromCodePoint(0xff10 + Number(digit)))

/** One number in the ways people write it; all of them can be repaired. */
const spellings: ReadonlyArray<(nsn: string) => string> = [
  (nsn) => `+62${nsn}`,
  (nsn) => `62${nsn}`,
  (nsn) => `0${grouped(nsn, "-")}`,
  (nsn) => `0${grouped(nsn, " ")}`,
  (nsn) => `+62 ${grouped(nsn, " ")}`,
  (nsn) => `+62 ${grouped(nsn, "-")}`,
  (nsn) => `(0${nsn.slice(0, 3)}) ${nsn.slice(3, 7)} ${nsn.slice(7)}`,
  (nsn) => `0${grouped(nsn, ".")}`,
  (nsn) => `+62 (0)${grouped(nsn, " ")}`,
  (nsn) => `0062${nsn}`,
  // What a spreadsheet makes of it: text mark, number without its zero, float, exponent.
  (nsn) => `'0${nsn}`,
  (nsn) => nsn,
  (nsn) => `62${nsn}.0`,
  (nsn) => `6.2${nsn}E+12`,
  // What copying from a chat or a web page leaves behind.
  (nsn) => `\u202A+62 ${grouped(nsn, "\u2011")}\u202C`,
  (nsn) => `\u200E0${nsn}`,
  (nsn) => `+62\u00A0${grouped(nsn, "\u00A0")}`,
  (nsn) => fullWidth(`0${nsn}`)
]
const spelled = (nsn: string): string => (chance() < 0.82 ? `0${nsn}` : pick(spellings)(nsn))

/** What nothing can repair. */
const broken: ReadonlyArray<() => string> = [
  () => `0${indonesian().slice(0, 6)}`,
  () => `0${indonesian()}${digits(5)}`,
  () => `0${indonesian()} / 0${indonesian()}`,
  () => `6.28${below(9) + 1}E+12`,
  () => "belum ada",
  () => "-",
  () => `0${indonesian()} ext. 12`
]

const cell = (text: string): string => (/[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

interface Contact {
  readonly name: string
  readonly phone: string
  readonly city: string
  readonly zone: string
}

const name = (): string => {
  const roll = chance()
  const plain = `${pick(first)} ${pick(last)}`
  if (roll < 0.005) return pick(["", " ", "  "])
  if (roll < 0.015) return `${plain} ${pick(["🌸", "👨‍👩‍👧", "🇮🇩", "✨"])}`
  if (roll < 0.03) return `${plain}, S.Pd.`
  if (roll < 0.034) return `${plain}\n(wali)`
  if (roll < 0.04) return `"${pick(first)}" ${plain}`
  return plain
}

const numbers: Array<string> = []
const phone = (): string => {
  const roll = chance()
  if (roll < 0.008) return ""
  if (roll < 0.022) return pick(broken)()
  const earlier = numbers[below(numbers.length)]
  if (roll < 0.042 && earlier !== undefined) return pick(spellings)(earlier)
  const nsn = indonesian()
  numbers.push(nsn)
  return spelled(nsn)
}

const travellers = abroad.flatMap(({ city, zone, number, count }) =>
  Array.from({ length: count }, (): Contact => ({ name: name(), phone: number(), city, zone }))
)
const contacts = Array.from({ length: size }, (_, at): Contact => {
  const traveller = at % 31 === 30 ? travellers[Math.floor(at / 31)] : undefined
  if (traveller !== undefined) return traveller
  const { city, zone } = pick(cities)
  return { name: name(), phone: phone(), city, zone }
})

const lines = contacts.map(({ name, phone, city, zone }, at) => {
  const cells = [
    name,
    phone,
    city,
    zone,
    `${1 + (at % 6)}${pick(["A", "B", "C"])}`,
    pick(children),
    `${1 + below(15)}50000`
  ]
  // Six rows were damaged by hand: a forgotten quote mark around a comma, a lost cell.
  if (at % 800 === 799) return (at % 1600 === 799 ? [...cells, "pindah"] : cells.slice(0, 5)).map(cell).join(",")
  return cells.map(cell).join(",")
})

writeFileSync(
  new URL("contacts.csv", import.meta.url),
  `${["name,phone,city,zone,class,child,due", ...lines].join("\n")}\n`
)
