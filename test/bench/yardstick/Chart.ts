/**
 * The picture for the README: for each case, Fibercast and the others beside each other, as multiples of the best other
 * queue on Postgres; cases that no other did are left out. The scale is logarithmic, as they differ by a hundred.
 */
import { init, use } from "echarts/core"
import { BarChart } from "echarts/charts"
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components"
import { SVGRenderer } from "echarts/renderers"
import { type Case } from "./Case.ts"
import * as Catalogue from "./Catalogue.ts"
import * as Report from "./Report.ts"
import { type Sample } from "./Sample.ts"

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

const colours: Readonly<Record<string, string>> = {
  fibercast: "#0f766e",
  "fibercast-jetstream": "#2dd4bf",
  "graphile-worker": "#475569",
  "pg-boss": "#94a3b8",
  bullmq: "#b45309",
  "bee-queue": "#fbbf24"
}

/** As wide as a README shows it; readable on white and on black. */
const width = 860
const rowHeight = 92
const labelWidth = 200
const ink = "#64748b"

/** How each did in the case, the best of the other queues on Postgres being 1; null: there is none. */
const relative = (one: Case, samples: ReadonlyArray<Sample>): ReadonlyMap<string, number> | null => {
  const lines = Report.linesOf(one, samples)
  const best = lines.find(
    ({ isCeiling, subject }) =>
      !isCeiling && !subject.startsWith("fibercast") && Catalogue.subjects.get(subject)?.store === "postgres"
  )
  return best === undefined
    ? null
    : new Map(lines.map(({ subject, value }) => [subject, Report.times(one.unit, value.median, best.value.median)]))
}

export const svg = (cases: ReadonlyArray<Case>, samples: ReadonlyArray<Sample>): string => {
  const shown = [...Catalogue.subjects].filter(
    ([name, { isCeiling }]) => !isCeiling && samples.some(({ subject }) => subject === name)
  )
  const rows = cases.flatMap((one) => {
    const row = relative(one, samples)
    return row === null ? [] : [{ title: one.title, row }]
  })
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height: 100 + rows.length * rowHeight })
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "sans-serif", color: ink },
    title: {
      text: "Against the best other job queue on Postgres (1×); longer is better",
      left: 8,
      textStyle: { fontSize: 15, fontWeight: 600, color: ink }
    },
    legend: { top: 34, left: 8, itemWidth: 12, itemHeight: 12, itemGap: 26, textStyle: { color: ink } },
    grid: { top: 76, left: labelWidth + 56, right: 56, bottom: 8 },
    xAxis: {
      type: "log",
      min: 0.1,
      position: "top",
      axisLabel: { color: ink, formatter: "{value}×" },
      splitLine: { lineStyle: { color: "#94a3b855" } }
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: rows.map(({ title }) => title.replace(/ \(.*\)/, "")),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { color: ink, fontSize: 11, width: labelWidth, overflow: "break" }
    },
    series: shown.map(([name, { title }]) => ({
      type: "bar",
      name: title,
      itemStyle: { color: colours[name] ?? ink },
      barGap: "15%",
      barCategoryGap: "30%",
      data: rows.map(({ row }) => row.get(name) ?? null),
      label: { show: true, position: "right", color: ink, fontSize: 9, formatter: labelled }
    }))
  })
  const drawn = chart.renderToSVGString()
  chart.dispose()
  return drawn
}

const labelled = ({ value }: { readonly value?: unknown }): string =>
  typeof value === "number" ? `${Report.figure(value)}×` : ""
