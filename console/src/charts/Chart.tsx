// Our frame around ECharts: one tab stop, arrow keys from point to point, a spoken description, the same numbers as a
// table, colours of the theme, no HTML tooltips (they would need inline styles, and could carry markup from names).
import type { EChartsCoreOption, EChartsType } from 'echarts/core'
import { Segmented } from 'antd'
import { useEffect, useEffectEvent, useId, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useSettings } from '../app/settings'
import { COLOURS, FONT, isCalm, type Scheme } from '../app/theme'
import { useFormat, useWorkspace } from '../app/workspace'
import { init } from './echarts'

export type Palette = (typeof COLOURS)[Scheme]
export type LegendItem = { name: string; colour: keyof Palette; isDashed?: boolean; kind?: 'line' | 'bar' }

/** What is drawn, as rows of raw numbers and ISO days. */
export type Numbers = { head: readonly string[]; rows: readonly (readonly (string | number | null | undefined)[])[] }

type Props = {
  title: string
  /** What the chart shows, in words. */
  description: string
  /** Axes and series; colours come from the palette given. */
  option: (palette: Palette) => EChartsCoreOption
  /** How many points the horizontal axis has, and how each is read out. */
  n: number
  read: (index: number) => string
  legend?: LegendItem[]
  height?: number
  /** What the points are: places on the horizontal axis, or the links of a flow. */
  pointAt?: 'axis' | 'edge'
  onOpen?: (index: number) => void
  /** The numbers as a file; absent where they may not leave without a purpose and a trace, as one person's. */
  numbers?: () => Numbers
}

/** The drawing alone; see [`ChartCard`] for the switch between chart and table. */
export function Chart({ title, description, option, n, read, legend = [], height = 260, pointAt = 'axis', onOpen, numbers }: Props) {
  const { t } = useTranslation()
  const { scheme } = useSettings()
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType>(undefined)
  const [at, setAt] = useState<number>()
  const width = useRef(0)

  const draw = useEffectEvent(() => {
    const palette = COLOURS[scheme]
    chart.current?.setOption(
      {
        animation: !isCalm(),
        animationDuration: 300,
        textStyle: { fontFamily: FONT, color: palette['text-2'] },
        aria: { enabled: true, label: { description } },
        ...option(palette),
      },
      { notMerge: true },
    )
  })

  const clicked = useEffectEvent((point: { dataType?: string; dataIndex: number }) => {
    if (point.dataIndex < n && (pointAt === 'axis' || point.dataType === 'edge')) onOpen?.(point.dataIndex)
  })

  useEffect(() => {
    const element = box.current
    if (!element) return
    const made = init(element, undefined, { renderer: 'canvas' })
    chart.current = made
    made.on('click', (point) => clicked(point as { dataType?: string; dataIndex: number }))
    draw()
    // ECharts writes its label on the element; ours stands on the frame, so the drawing is hidden from readers.
    const sizes = new ResizeObserver(([entry]) => {
      const now = Math.round(entry?.contentRect.width ?? 0)
      if (now > 0 && now !== width.current) {
        width.current = now
        made.resize()
      }
    })
    sizes.observe(element)
    return () => {
      sizes.disconnect()
      made.dispose()
      chart.current = undefined
    }
  }, [])
  useEffect(() => draw(), [option, description, scheme])

  const show = (index: number | undefined) => {
    setAt(index)
    const made = chart.current
    if (!made) return
    if (pointAt === 'edge') {
      made.dispatchAction({ type: 'downplay', seriesIndex: 0 })
      if (index !== undefined) made.dispatchAction({ type: 'highlight', seriesIndex: 0, dataType: 'edge', dataIndex: index })
      return
    }
    if (index === undefined) {
      made.dispatchAction({ type: 'hideTip' })
      return
    }
    const x = made.convertToPixel({ xAxisIndex: 0 }, index)
    made.dispatchAction({ type: 'showTip', x, y: height / 2 })
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const last = n - 1
    const next = { ArrowRight: at === undefined ? 0 : Math.min(at + 1, last), ArrowLeft: at === undefined ? last : Math.max(at - 1, 0), Home: 0, End: last }[event.key]
    if (next !== undefined && n > 0) {
      event.preventDefault()
      show(next)
    } else if (event.key === 'Escape') {
      show(undefined)
    } else if (event.key === 'Enter' && at !== undefined) {
      onOpen?.(at)
    }
  }

  return (
    <figure className="zk-chart">
      {legend.length > 0 && (
        <ul className="zk-legend" aria-hidden="true">
          {legend.map((item) => (
            <li key={item.name}>
              <svg width="18" height="10" viewBox="0 0 18 10">
                {item.kind === 'bar' ? (
                  <rect x="4" y="0" width="10" height="10" rx="2" fill={`var(--zk-${item.colour})`} />
                ) : (
                  <line x1="1" y1="5" x2="17" y2="5" stroke={`var(--zk-${item.colour})`} strokeWidth="2.2" strokeDasharray={item.isDashed ? '4 3' : undefined} />
                )}
              </svg>
              {item.name}
            </li>
          ))}
        </ul>
      )}
      <div
        className="zk-chart-frame"
        role="img"
        aria-label={`${title} ${description}`}
        aria-describedby={id}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={() => show(undefined)}
      >
        <div ref={box} className="zk-chart-box" style={{ height }} aria-hidden="true" />
      </div>
      <span id={id} className="zk-hidden">
        {t('view.chart_keys')}
      </span>
      <span className="zk-hidden" role="status">
        {at === undefined ? '' : read(at)}
      </span>
      {numbers && <Save title={title} numbers={numbers} picture={{ box, description, legend }} />}
    </figure>
  )
}

type SaveProps = { title: string; numbers: () => Numbers; picture?: { box: RefObject<HTMLDivElement | null>; description: string; legend: readonly LegendItem[] } }

/** Takes the numbers away as CSV, and a drawing as PNG. */
export function Save({ title, numbers, picture }: SaveProps) {
  const { t } = useTranslation()
  const { scheme } = useSettings()
  const format = useFormat()
  const { data: workspace } = useWorkspace()
  const day = workspace?.as_of ?? workspace?.data_to ?? undefined
  const csv = () => void import('./save').then(({ saveCsv }) => saveCsv(numbers(), title, day))
  const png = () => {
    const source = [workspace?.name, day && t('view.as_of', { day: format.day(day) }), t('app.name')].filter(Boolean).join(' · ')
    void import('./save').then(({ savePng }) => picture?.box.current && savePng(picture.box.current, { title, source, scheme, ...picture }, day))
  }
  return (
    <p className="zk-save">
      {picture && (
        <button type="button" className="zk-link-button" onClick={png}>
          {t('view.png')}
        </button>
      )}
      <button type="button" className="zk-link-button" onClick={csv}>
        {t('view.csv')}
      </button>
    </p>
  )
}

/** The switch 图|表 that every chart has. */
export function ViewSwitch({ view, onChange }: { view: 'chart' | 'table'; onChange: (view: 'chart' | 'table') => void }) {
  const { t } = useTranslation()
  return (
    <Segmented
      aria-label={t('view.label')}
      size="small"
      value={view}
      onChange={onChange}
      options={[
        { value: 'chart', label: t('view.chart') },
        { value: 'table', label: t('view.table') },
      ]}
    />
  )
}

/** Either the chart or the table with the same numbers. */
export function ChartOrTable({ view, table, ...chart }: Props & { view: 'chart' | 'table'; table: ReactNode }) {
  if (view === 'chart') return <Chart {...chart} />
  return (
    <>
      {table}
      {chart.numbers && <Save title={chart.title} numbers={chart.numbers} />}
    </>
  )
}

/** What all our line charts share: grid, axes, tooltip. */
export function baseOption(palette: Palette, labels: readonly string[], axis: { name: string; write: (value: number) => string }, tip: (index: number) => string): EChartsCoreOption {
  return {
    grid: { left: 8, right: 14, top: 30, bottom: 6, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      backgroundColor: palette.surface,
      borderColor: palette['border-strong'],
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: palette.text, fontSize: 12, lineHeight: 18 },
      axisPointer: { type: 'line', lineStyle: { color: palette['border-strong'] } },
      formatter: (points: { dataIndex: number }[] | { dataIndex: number }) => tip((Array.isArray(points) ? points[0] : points)?.dataIndex ?? 0),
    },
    xAxis: {
      type: 'category',
      data: labels,
      boundaryGap: false,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette['border-strong'] } },
      axisLabel: { color: palette['text-2'], fontSize: 12, hideOverlap: true, showMinLabel: true, showMaxLabel: true, alignMinLabel: 'left', alignMaxLabel: 'right' },
    },
    yAxis: {
      type: 'value',
      name: axis.name,
      nameLocation: 'end',
      nameTextStyle: { color: palette['text-2'], fontSize: 12, align: 'left', padding: [0, 0, 0, -6] },
      splitNumber: 4,
      axisLabel: { color: palette['text-2'], fontSize: 12, formatter: axis.write },
      splitLine: { lineStyle: { color: palette.grid } },
    },
  }
}
